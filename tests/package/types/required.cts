// A module of CommonJS, which compilers let `require` only what is declared as CommonJS.

import holdover = require("holdover");
import stores = require("holdover/stores/redis");
import tags = require("holdover/tags");

const cache: holdover.Cache = holdover.createCache({ stores: [holdover.memory()] });
const load = cache.wrap(async (id: number) => ({ id }), { name: "load", ttl: "1m" });
const loaded: Promise<{ id: number }> = load(1);

export = { cache, loaded, stores, tags };
