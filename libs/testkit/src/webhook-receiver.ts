import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface ReceivedWebhook {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: any; // tidy: whatever was sent; the spec says what it must be
  readonly raw: string;
}

type Behaviour = (reply: ServerResponse) => void;

const answer =
  (status: number, body = '', headers: Record<string, string> = {}): Behaviour =>
  (reply) => {
    reply.writeHead(status, headers).end(body);
  };

/** A receiver of webhooks that verifies each request with the published library before it counts. */
export class WebhookReceiver {
  readonly received: ReceivedWebhook[] = [];
  /** Requests whose signature did not fit. */
  readonly refused: string[] = [];
  private readonly behaviours: Behaviour[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** `secretOf`: the signing secret of the channel behind a path. */
  static async open(secretOf: (path: string) => string): Promise<WebhookReceiver> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const receiver = new WebhookReceiver(
      server,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    );
    server.on('request', (request, reply) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const raw = Buffer.concat(chunks).toString('utf8');
        const path = request.url ?? '';
        const next = receiver.behaviours.shift() ?? answer(200, 'thanks');
        try {
          const body = new Webhook(secretOf(path)).verify(raw, request.headers as Record<string, string>);
          receiver.received.push({ path, headers: request.headers, body, raw });
        } catch (error) {
          receiver.refused.push(String(error));
        }
        next(reply);
      });
    });
    return receiver;
  }

  /** What the next requests get, one after the other; after that 200. */
  willAnswer(status: number, body?: string, headers?: Record<string, string>): void {
    this.behaviours.push(answer(status, body, headers));
  }

  /** The next request never gets an answer. */
  willSaySilence(): void {
    this.behaviours.push(() => undefined);
  }

  forget(): void {
    this.received.length = 0;
    this.refused.length = 0;
    this.behaviours.length = 0;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}
