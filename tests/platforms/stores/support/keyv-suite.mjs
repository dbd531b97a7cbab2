// Run by vitest, as Keyv's suite is written for it.

import suite from "@keyv/test-suite";
import { createCache, memory } from "holdover";
import { toKeyv } from "holdover/integrations/keyv";
import Keyv from "keyv";
import * as vitest from "vitest";

const stores = [memory()];
suite(vitest, Keyv, () => toKeyv((namespace) => createCache({ namespace, stores })));
