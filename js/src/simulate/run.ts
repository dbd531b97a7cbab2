/** A run of the simulator: its module, fed with logs by a host. */

import {
  __reinit,
  simulate_arguments,
  simulate_begin,
  simulate_push,
  simulate_report,
  simulate_rewind,
} from "./glue/simulate.js";

/** The end of a run without a report. */
export class SimulateError extends Error {
  override readonly name = "SimulateError";
  /** True if the command line is wrong, not the log. */
  readonly isUsage: boolean;

  /**
   * @param message the reason
   * @param isUsage true if the command line is wrong, not the log
   */
  constructor(message: string, isUsage: boolean) {
    super(message);
    this.isUsage = isUsage;
  }
}

/** A command line that was read: the help text that it asks for, or the logs that it names. */
export interface CommandLine {
  readonly help?: string;
  readonly logs?: readonly string[];
}

/** A file of a log. */
export interface LogFile {
  /** Its name in messages. */
  readonly name: string;
  /** Its size in bytes; undefined for what can be read only once. */
  readonly size: number | undefined;
  /** Reads it from its beginning: as much as it had at first, for logs may grow. */
  open(): AsyncIterable<Uint8Array>;
}

/** A reading under way. */
export interface Progress {
  /** 1 of the first reading, in which nothing is played; 2 of the last. */
  readonly reading: 1 | 2;
  /** The bytes of the files that were read. */
  readonly read: number;
  /** The bytes of all files; undefined where that is not known. */
  readonly size: number | undefined;
}

/** The parts of a run that a host gives. */
export interface RunOptions {
  /** Unpacks gzip. */
  unzip(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** Wants a report as JSON, whatever the command line says. */
  readonly asJson?: boolean;
  /** Hears of each piece that was taken. */
  onProgress?(progress: Progress): void;
}

interface Told {
  readonly error?: string;
  readonly text?: string;
}

const NEWLINE = Uint8Array.of(10);

/** Loads the module, and forgets a run before. */
export function load(module: WebAssembly.Module): void {
  __reinit(module);
}

/**
 * Reads a command line, without the program.
 * @throws SimulateError for a wrong one
 */
export function readArguments(words: readonly string[], program: string): CommandLine {
  return told(simulate_arguments(words.join("\0"), program), true);
}

/**
 * Plays a log, whose files come one behind the other, by the command line that was read last.
 * Returns the report.
 * @throws SimulateError if there is none
 */
export async function simulate(files: readonly LogFile[], options: RunOptions): Promise<string> {
  const isOnce = files.some(({ size }) => size === undefined);
  try {
    told(simulate_begin(isOnce), true);
    if (!isOnce) {
      await readAll(files, 1, options);
      told(simulate_rewind(), true);
    }
    await readAll(files, 2, options);
    return told<Told>(simulate_report(options.asJson === true), false).text ?? "";
  } catch (error) {
    throw error instanceof WebAssembly.RuntimeError ? new SimulateError(TRAPPED, false) : error;
  }
}

const TRAPPED =
  "the simulation stopped: its policies keep more than the 4 GB that a module of WebAssembly can " +
  "have, or it has a bug. Try fewer policies or a smaller memory, or the native program";

function told<T extends object>(text: string, isUsage: boolean): T {
  const read = JSON.parse(text) as T & Told;
  if (read.error !== undefined) throw new SimulateError(read.error, isUsage);
  return read;
}

/** Feeds the files to the module. */
async function readAll(
  files: readonly LogFile[],
  reading: 1 | 2,
  options: RunOptions,
): Promise<void> {
  const sum = files.reduce((before, { size }) => before + (size ?? Number.NaN), 0);
  const size = Number.isNaN(sum) ? undefined : sum;
  let read = 0;
  const count = (bytes: number): void => {
    read += bytes;
  };
  for (const file of files) {
    try {
      for await (const bytes of unzipped(counting(file.open(), count), options)) {
        simulate_push(bytes);
        options.onProgress?.({ reading, read, size });
      }
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error;
      throw new SimulateError(`cannot read the log: ${file.name}: ${reasonOf(error)}`, false);
    }
    // The last line of a file is a line, with or without its end.
    simulate_push(NEWLINE);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function* counting(
  bytes: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    count(piece.length);
    yield piece;
  }
}

/** Unpacks what begins as gzip does, whatever its name is. */
async function* unzipped(
  bytes: AsyncIterable<Uint8Array>,
  options: RunOptions,
): AsyncGenerator<Uint8Array> {
  const pieces = bytes[Symbol.asyncIterator]();
  let first = new Uint8Array();
  while (first.length < 2) {
    const { done, value } = await pieces.next();
    if (done === true) break;
    const longer = new Uint8Array(first.length + value.length);
    longer.set(first);
    longer.set(value, first.length);
    first = longer;
  }
  const whole = (async function* () {
    yield first;
    yield* { [Symbol.asyncIterator]: () => pieces };
  })();
  yield* first[0] === 0x1f && first[1] === 0x8b ? options.unzip(whole) : whole;
}
