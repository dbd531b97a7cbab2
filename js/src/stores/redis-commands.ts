/** The commands that the store needs of a Redis client of any kind. */

/** One part of a command, or of an answer. */
export type Part = string | Uint8Array;

/** Sends a command. */
export type Send = (command: string, ...args: Part[]) => Promise<unknown>;

/** A client as the store uses it. */
export interface Commands {
  /** Sends a command of one key at most, to the server that has the key. */
  readonly send: Send;
  /** The servers of a cluster that the client takes for primaries; absent for a single server. */
  readonly primaries?: () => Promise<readonly Send[]>;
  /** A record as an argument. */
  toArgument(record: Uint8Array): Part;
  /** A record out of an answer. */
  toRecord(part: unknown): Uint8Array | undefined;
  /**
   * Begins to hear messages; absent where the client cannot.
   * @param missed to be called when the connection was lost, and when messages are heard again
   */
  readonly listen?: Listen;
}

export type Listen = (missed: () => void) => Listening;

/** Messages of one store. */
export interface Listening {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  unsubscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  /** Ends what was opened for them, or is being opened, and every subscription. */
  close(): Promise<unknown>;
}

// biome-ignore lint/suspicious/noExplicitAny: clients are found by their shape
export type Method = (...args: any[]) => any;

/** The methods that a client may have. */
export type Name =
  | "callBuffer"
  | "close"
  | "connect"
  | "customCommand"
  | "destroy"
  | "disconnect"
  | "duplicate"
  | "eval"
  | "evalsha"
  | "execute"
  | "fcallWithRoute"
  | "getBuffer"
  | "getMasterNode"
  | "nodeClient"
  | "nodes"
  | "off"
  | "on"
  | "once"
  | "scan"
  | "send"
  | "sendCommand"
  | "set"
  | "sscan"
  | "subscribe"
  | "unsubscribe";

/** A client of any kind. */
export type Loose = { readonly [Key in Name]?: Method } & {
  readonly isOpen?: unknown;
  readonly manuallyClosing?: unknown;
  readonly status?: unknown;
  readonly masters?: unknown;
};
