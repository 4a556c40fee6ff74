export { isPublicAddress } from './public-address.js';
export { postOut, type PostOut, type PostOutcome, type PostOutOptions, refuseUrl } from './post-out.js';
