// Fake timers that are switched on in a test, after the package was imported.

import { expect, test } from "@jest/globals";
import * as holdover from "holdover";
import { timerCases } from "../cases.mjs";
import { timers } from "../jest-timers.mjs";

timerCases(holdover, { test, expect, timers });
