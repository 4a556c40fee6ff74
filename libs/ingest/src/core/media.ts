/** How a request carries its usage events. */
export type IngestMode =
  /** One CloudEvent as a JSON object. */
  | 'structured'
  /** An array of CloudEvents. */
  | 'batch'
  /** Plain JSON: an object is one event, an array is a batch. */
  | 'either'
  /** Attributes in `ce-*` headers, the body is `data`. */
  | 'binary';

const CLOUDEVENTS = 'application/cloudevents';

/**
 * Decides the mode by the media type alone; parameters such as charset are ignored, as JSON is UTF-8 whatever they say.
 * Undefined when the media type is neither JSON nor CloudEvents.
 */
export function decideMode(
  contentType: string | undefined,
  hasAttributeHeaders: boolean,
): IngestMode | undefined {
  if (contentType === undefined) return hasAttributeHeaders ? 'binary' : undefined;
  const mediaType = mediaTypeOf(contentType);
  if (mediaType.startsWith(CLOUDEVENTS)) {
    if (mediaType === `${CLOUDEVENTS}-batch+json`) return 'batch';
    return mediaType === `${CLOUDEVENTS}+json` ? 'structured' : undefined;
  }
  if (hasAttributeHeaders) return isJson(mediaType) ? 'binary' : undefined;
  return mediaType === 'application/json' ? 'either' : undefined;
}

const mediaTypeOf = (contentType: string): string => {
  const semicolon = contentType.indexOf(';');
  return (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
};

const isJson = (mediaType: string): boolean =>
  mediaType === 'application/json' || mediaType === 'text/json' || mediaType.endsWith('+json');
