# The worker on workerd. `node demo.mjs` bundles worker.js into build/ first; the origin's address
# comes from the environment, and the port of the socket is the system's choice.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    # The only network the worker can reach is this machine.
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "build/worker.js"),
    (name = "core.wasm", wasm = embed "build/core.wasm"),
    (name = "http.wasm", wasm = embed "build/http.wasm"),
  ],
  bindings = [(name = "ORIGIN", fromEnvironment = "ORIGIN")],
  compatibilityDate = "2026-08-01",
);
