/** A thin client for the demo: speaks HTTP like any user, and stops with the server's own words. */
export class DemoApi {
  constructor(private readonly baseUrl: string) {}

  get(path: string): Promise<unknown> {
    return this.ask('GET', path);
  }

  post(path: string, body?: unknown): Promise<unknown> {
    return this.ask('POST', path, body);
  }

  put(path: string, body: unknown): Promise<unknown> {
    return this.ask('PUT', path, body);
  }

  async ingest(events: readonly unknown[]): Promise<void> {
    if (events.length === 0) return;
    await this.ask('POST', '/api/v1/events', events, 'application/cloudevents-batch+json');
  }

  private async ask(
    method: string,
    path: string,
    body?: unknown,
    type = 'application/json',
  ): Promise<unknown> {
    const response = await fetch(this.baseUrl + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': type } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }
}
