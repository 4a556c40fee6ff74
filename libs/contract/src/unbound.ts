import type { OperationId } from './operations.gen.js';

/**
 * Operations that nobody has built yet: each answers 501. To bind one, put `@Operation(id)` on a controller's method and
 * delete its line here, nothing else. The list may only shrink: `unbound.unit.spec.ts` holds its length.
 */
export const unbound: readonly OperationId[] = [
  'listAddons', // GET /api/v1/addons
  'createAddon', // POST /api/v1/addons
  'getAddon', // GET /api/v1/addons/{addonId}
  'updateAddon', // PUT /api/v1/addons/{addonId}
  'deleteAddon', // DELETE /api/v1/addons/{addonId}
  'archiveAddon', // POST /api/v1/addons/{addonId}/archive
  'publishAddon', // POST /api/v1/addons/{addonId}/publish
  'appCustomInvoicingDraftSynchronized', // POST /api/v1/apps/custom-invoicing/{invoiceId}/draft/synchronized
  'appCustomInvoicingIssuingSynchronized', // POST /api/v1/apps/custom-invoicing/{invoiceId}/issuing/synchronized
  'appCustomInvoicingUpdatePaymentStatus', // POST /api/v1/apps/custom-invoicing/{invoiceId}/payment/status
  'updateApp', // PUT /api/v1/apps/{id}
  'uninstallApp', // DELETE /api/v1/apps/{id}
  'updateStripeAPIKey', // PUT /api/v1/apps/{id}/stripe/api-key
  'appStripeWebhook', // POST /api/v1/apps/{id}/stripe/webhook
  'listBillingProfileCustomerOverrides', // GET /api/v1/billing/customers
  'getBillingProfileCustomerOverride', // GET /api/v1/billing/customers/{customerId}
  'upsertBillingProfileCustomerOverride', // PUT /api/v1/billing/customers/{customerId}
  'deleteBillingProfileCustomerOverride', // DELETE /api/v1/billing/customers/{customerId}
  'simulateInvoice', // POST /api/v1/billing/customers/{customerId}/invoices/simulate
  'updateInvoice', // PUT /api/v1/billing/invoices/{invoiceId}
  'recalculateInvoiceTaxAction', // POST /api/v1/billing/invoices/{invoiceId}/taxes/recalculate
  'voidInvoiceAction', // POST /api/v1/billing/invoices/{invoiceId}/void
  'listCustomerAppData', // GET /api/v1/customers/{customerIdOrKey}/apps
  'upsertCustomerAppData', // PUT /api/v1/customers/{customerIdOrKey}/apps
  'deleteCustomerAppData', // DELETE /api/v1/customers/{customerIdOrKey}/apps/{appId}
  'getCustomerStripeAppData', // GET /api/v1/customers/{customerIdOrKey}/stripe
  'upsertCustomerStripeAppData', // PUT /api/v1/customers/{customerIdOrKey}/stripe
  'createCustomerStripePortalSession', // POST /api/v1/customers/{customerIdOrKey}/stripe/portal
  'marketplaceAppInstall', // POST /api/v1/marketplace/listings/{type}/install
  'marketplaceAppAPIKeyInstall', // POST /api/v1/marketplace/listings/{type}/install/apikey
  'marketplaceOAuth2InstallGetURL', // GET /api/v1/marketplace/listings/{type}/install/oauth2
  'marketplaceOAuth2InstallAuthorize', // GET /api/v1/marketplace/listings/{type}/install/oauth2/authorize
  'listPlanAddons', // GET /api/v1/plans/{planId}/addons
  'createPlanAddon', // POST /api/v1/plans/{planId}/addons
  'getPlanAddon', // GET /api/v1/plans/{planId}/addons/{planAddonId}
  'updatePlanAddon', // PUT /api/v1/plans/{planId}/addons/{planAddonId}
  'deletePlanAddon', // DELETE /api/v1/plans/{planId}/addons/{planAddonId}
  'createStripeCheckoutSession', // POST /api/v1/stripe/checkout/sessions
  'editSubscription', // PATCH /api/v1/subscriptions/{subscriptionId}
  'listSubscriptionAddons', // GET /api/v1/subscriptions/{subscriptionId}/addons
  'createSubscriptionAddon', // POST /api/v1/subscriptions/{subscriptionId}/addons
  'getSubscriptionAddon', // GET /api/v1/subscriptions/{subscriptionId}/addons/{subscriptionAddonId}
  'updateSubscriptionAddon', // PATCH /api/v1/subscriptions/{subscriptionId}/addons/{subscriptionAddonId}
  'changeSubscription', // POST /api/v1/subscriptions/{subscriptionId}/change
  'migrateSubscription', // POST /api/v1/subscriptions/{subscriptionId}/migrate
  'restoreSubscription', // POST /api/v1/subscriptions/{subscriptionId}/restore
];
