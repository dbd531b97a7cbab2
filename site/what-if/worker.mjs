// Plays a log, apart from the page: a run takes seconds, and the page ends it by ending the worker.

import address from "holdover-simulate.wasm?url";
import { load, readArguments, simulate } from "holdover-simulate";

const logFile = (file) => ({
  name: file.name,
  size: file.size,
  open: () => pieces(file.stream()),
});

/** Reads a stream; not all browsers can iterate one. */
async function* pieces(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function unzip(bytes) {
  const packed = new ReadableStream({
    async pull(controller) {
      const { done, value } = await bytes.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  return pieces(packed.pipeThrough(new DecompressionStream("gzip")));
}

async function run({ files, words }) {
  load(await WebAssembly.compile(await (await fetch(address)).arrayBuffer()));
  readArguments([...words, "log"], "simulate");
  const onProgress = (progress) => postMessage({ progress });
  return JSON.parse(await simulate(files.map(logFile), { unzip, asJson: true, onProgress }));
}

addEventListener("message", ({ data }) => {
  run(data).then(
    (report) => postMessage({ report }),
    (error) => postMessage({ error: error instanceof Error ? error.message : String(error) }),
  );
});
