/** Pages and direction of the lists of this room. */
export const pagingFromApi = (query: {
  readonly page: number;
  readonly pageSize: number;
  readonly order: 'ASC' | 'DESC';
}) => ({
  descending: query.order === 'DESC',
  limit: query.pageSize,
  offset: (query.page - 1) * query.pageSize,
});

/** What a repetition under the same Idempotency-Key must be equal to. */
export const attemptOf = (
  route: string,
  {
    headers,
    body,
  }: { readonly headers: Readonly<Record<string, string | undefined>>; readonly body: unknown },
) => ({ route, key: headers['idempotency-key'], input: body });
