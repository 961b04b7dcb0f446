/**
 * Goes on with a value that is nearly always there at once: `then` runs now if it is, or when the promise
 * has resolved. A promise where none is needed costs a request an object and a turn.
 */
export const whenReady = <T, U>(value: T | Promise<T>, then: (value: T) => U): U | Promise<U> =>
  value instanceof Promise ? value.then(then) : then(value);
