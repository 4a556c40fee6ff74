/** An error that a person can correct: its message says all there is to say, and a stack would only hide it. */
export class PlainError extends Error {}
