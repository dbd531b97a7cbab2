// The origin of npm's http-cache-tests, on a free port of this machine. Its own `server.mjs` wants a
// fixed port and writes a file; what answers requests is the same. What the newest edition asks of an
// origin besides, interim responses and late ones, is done before.

import { once } from "node:events";
import { createServer } from "node:http";
import handleConfig from "http-cache-tests/server/handle-config.mjs";
import handleState from "http-cache-tests/server/handle-state.mjs";
import handleTest from "http-cache-tests/server/handle-test.mjs";
import { configs } from "http-cache-tests/server/utils.mjs";

/** Longer than any run, so that no connection ends while a request is on its way on it. */
const KEEP_ALIVE = 600_000;

/** Starts the origin; gives its address and how to stop it. */
export async function startOrigin() {
  let open = 0;
  let late = 0;
  const origin = { clock: undefined, isQuiet: () => open === late };
  const handlers = {
    config: handleConfig,
    state: handleState,
    test: (...asked) =>
      answerTest(...asked, (answer, delay) => {
        late += 1;
        origin.clock.wait(() => {
          late -= 1;
          answer();
        }, delay);
      }),
  };
  const server = createServer((request, response) => {
    open += 1;
    response.on("close", () => {
      open -= 1;
    });
    const [, what, ...rest] = new URL(request.url, "http://origin").pathname.split("/");
    const handle = handlers[what];
    if (handle === undefined) response.writeHead(404).end();
    else handle(rest, request, response);
  });
  server.keepAliveTimeout = KEEP_ALIVE;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin.url = `http://127.0.0.1:${server.address().port}`;
  origin.stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return origin;
}

function answerTest(path, request, response, wait) {
  const answer = () => handleTest(path, request, response);
  const configured = configs.get(path[0])?.[Number(request.headers["req-num"]) - 1];
  date(response);
  endUnframed(request, response);
  if (configured?.interim_response !== undefined) interim(response, configured.interim_response);
  if (configured?.response_delay === undefined) answer();
  else wait(answer, configured.response_delay);
}

/** Responses that are to have no other date have one of the same clock as everything else. */
function date(response) {
  const writeHead = response.writeHead.bind(response);
  response.writeHead = (...head) => {
    if (!response.hasHeader("date")) response.setHeader("Date", new Date(Date.now()).toUTCString());
    return writeHead(...head);
  };
}

/** A body whose end nothing tells ends with its connection: at once, not when it has been idle. */
function endUnframed({ socket }, response) {
  response.on("finish", () => {
    if (response.hasHeader("transfer-encoding")) socket.end();
  });
}

function interim(response, [status, fields]) {
  if (status === 102) response.writeProcessing();
  else response.writeEarlyHints(Object.fromEntries(fields));
}
