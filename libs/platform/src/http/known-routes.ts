/** Remembers which methods each path takes, so that a wrong method gets 405 and not 404. */
export class KnownRoutes {
  private readonly routes: { readonly pattern: RegExp; readonly methods: ReadonlySet<string> }[] = [];

  add(path: string, methods: readonly string[]): void {
    const source = path
      .split('/')
      .map((segment) =>
        segment.startsWith(':')
          ? '[^/]+'
          : segment.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*'),
      )
      .join('/');
    this.routes.push({ pattern: new RegExp(`^${source}$`), methods: new Set(methods) });
  }

  /** The methods this path takes; empty when nobody knows the path. */
  methodsOf(path: string): string[] {
    const found = this.routes
      .filter((route) => route.pattern.test(path))
      .flatMap((route) => [...route.methods]);
    return [...new Set(found)].sort();
  }
}
