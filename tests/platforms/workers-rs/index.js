// The Worker: wasm-bindgen's glue around the module that `cargo xtask test workers-rs` builds.

import * as worker from "./worker.js";
import module from "./worker_bg.wasm";

worker.initSync({ module });

export default { fetch: worker.fetch };
