/**
 * Node's HTTP and HTTPS, taken as builtins. An import reads every export of `node:http`, and one of them
 * loads a whole HTTP client (undici): more time and memory than all of this program takes to start.
 */
export const http = process.getBuiltinModule('node:http');

/** Loaded at the first use: without TLS nobody needs it. */
export const loadHttps = (): typeof import('node:https') => process.getBuiltinModule('node:https');
