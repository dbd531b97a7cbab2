#!/usr/bin/env node
/** The command `holdover`. */

import { createReadStream, readFileSync, statSync } from "node:fs";
import process from "node:process";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { progressLine } from "./progress.js";
import { type LogFile, load, readArguments, SimulateError, simulate } from "./run.js";

const USAGE = `holdover: a cache for code that runs at the edge

usage: npx holdover simulate [OPTIONS] LOG...   what a cache would have done with your traffic
       npx holdover simulate --help             its options
       npx holdover --version`;

/** Bytes to read at a time. */
const PIECE = 1 << 18;

/** The exit status if a log cannot be read or has no request. */
const FAILED = 1;
/** The exit status for a wrong command line. */
const WRONG = 2;

async function main(words: readonly string[]): Promise<void> {
  const [command, ...rest] = words;
  if (command === "simulate") return await runSimulate(rest);
  if (command === "--version" || command === "-v") return print(`${version()}\n`);
  if (command === "--help" || command === "-h") return print(`${USAGE}\n`);
  const wrong = command === undefined ? "no command was given" : `no command is called ${command}`;
  throw new SimulateError(`${wrong}\n\n${USAGE}`, true);
}

async function runSimulate(words: readonly string[]): Promise<void> {
  load(new WebAssembly.Module(readFileSync(new URL("./simulate.wasm", import.meta.url))));
  const { help, logs = [] } = readArguments(words, "holdover simulate");
  if (help !== undefined) return print(`${help}\n`);
  const { stderr } = process;
  const line = progressLine(
    (text) => stderr.write(text),
    () => performance.now(),
  );
  try {
    const onProgress = stderr.isTTY === true ? { onProgress: line.show } : {};
    print(await simulate(logs.map(logFile), { unzip, ...onProgress }));
  } finally {
    line.end();
  }
}

function logFile(path: string): LogFile {
  if (path === "-") return { name: "standard input", size: undefined, open: () => process.stdin };
  const size = sizeOf(path);
  // Of an empty file no byte can be asked for.
  const end = size === undefined ? Number.POSITIVE_INFINITY : Math.max(size, 1) - 1;
  return {
    name: path,
    size,
    open: () => createReadStream(path, { end, highWaterMark: PIECE }),
  };
}

/** The size of a file; undefined for a pipe in its place. */
function sizeOf(path: string): number | undefined {
  try {
    const about = statSync(path);
    return about.isFile() ? about.size : undefined;
  } catch (error) {
    throw new SimulateError(`cannot read the log: ${(error as Error).message}`, false);
  }
}

/** Also what is several archives, one behind the other, as `cat` makes of rotated logs. */
function unzip(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  // The iteration tells of errors; the pipe has them destroy what is left.
  return pipeline(Readable.from(bytes), createGunzip(), () => undefined);
}

function version(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

function print(text: string): void {
  process.stdout.write(text);
}

// Who reads the output may have seen enough: `| head`.
process.stdout.on("error", ({ code }) => process.exit(code === "EPIPE" ? 0 : FAILED));

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isOurs = error instanceof SimulateError;
  process.stderr.write(`holdover: ${isOurs ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = isOurs && error.isUsage ? WRONG : FAILED;
}
