import { describe, expect, it } from '@jest/globals';
import { refusal } from '@ledgerline/kernel';
import { problemOf, statusOfKind, toProblem } from './problem.js';

describe('problem documents', () => {
  it('carry the issues under extensions.validationErrors, attributes beside the fixed members', () => {
    const refused = refusal.invalid('The body is not valid.', {
      issues: [
        {
          code: 'plan_empty',
          message: 'needs a phase',
          severity: 'critical',
          field: '$.phases',
          component: 'plan',
          attributes: { limit: 1 },
        },
        { code: 'odd', message: 'is odd', severity: 'warning' },
      ],
      extensions: { conflictingEntityId: 'x' },
    });
    expect(toProblem(refused, 'r1')).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'The body is not valid.',
      instance: 'urn:request:r1',
      extensions: {
        conflictingEntityId: 'x',
        validationErrors: [
          {
            code: 'plan_empty',
            message: 'needs a phase',
            severity: 'critical',
            field: '$.phases',
            component: 'plan',
            limit: 1,
          },
          { code: 'odd', message: 'is odd', severity: 'warning' },
        ],
      },
    });
  });

  it('leave out what is empty', () => {
    expect(toProblem(refusal.notFound(''), undefined)).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
    });
    expect(problemOf(500, 'r1')).toEqual({
      type: 'about:blank',
      title: 'Internal Server Error',
      status: 500,
      instance: 'urn:request:r1',
    });
  });

  it('an attribute cannot overwrite a fixed member', () => {
    const issue = { code: 'a', message: 'm', severity: 'critical', attributes: { code: 'b' } } as const;
    expect(toProblem(refusal.invalid('x', { issues: [issue] }), 'r').extensions).toEqual({
      validationErrors: [{ code: 'a', message: 'm', severity: 'critical' }],
    });
  });

  it.each(Object.entries(statusOfKind))('%s is %i', (kind, status) => {
    expect(toProblem({ kind: kind as keyof typeof statusOfKind, detail: '' }, 'r').status).toBe(status);
  });
});
