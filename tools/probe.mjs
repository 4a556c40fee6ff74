// Health check of a container: leaves with 0 when the address answers below 400.
const [url] = process.argv.slice(2);
const response = await fetch(url, { signal: AbortSignal.timeout(4_000) });
if (response.status >= 400) {
  console.error(await response.text());
  process.exit(1);
}
