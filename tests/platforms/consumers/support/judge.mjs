// Checks of the answers that consumers give.

/** The one warning of a cache without its core, with what it says. */
const WARNING = /holdover: nothing is cached.*/g;

const KINDS = {
  /** The second answer of each is a hit. */
  hit({ answers, said }, { functionsOnly = false }) {
    const [first, second] = answers;
    same(first.source, "load", "the first call");
    same(second.source, "hit", "the second call");
    same(second.value, first.value, "its value");
    same(warnings(said).length, 0, "warnings that nothing is cached");
    if (functionsOnly) return;
    holds(/^holdover; fwd=/.test(first.status), `the first response: ${first.status}`);
    holds(/^holdover; hit/.test(second.status), `the second response: ${second.status}`);
    same(second.body, first.body, "its body");
  },
  /** Nothing is cached, and the console says so, once, with the cure. */
  warning({ answers, said }, { cure }) {
    const [, second] = answers;
    same(second.source, "bypass", "the second call");
    same(warnings(said).length, 1, `warnings that nothing is cached, in ${said}`);
    holds(cure.test(warnings(said)[0]), `the cure in ${warnings(said)[0]}`);
  },
  /** The build failed, and said why. */
  refusal({ said }, { reason }) {
    holds(reason.test(said), `the reason, in ${said}`);
  },
};

/** Throws unless a consumer gave what it is to give: a result, or one for each of its parts. */
export function judge(consumer, result) {
  const isOne = Array.isArray(result.answers);
  for (const [part, each] of Object.entries(isOne ? { it: result } : result)) {
    try {
      KINDS[consumer.expects](each, consumer);
    } catch (error) {
      throw new Error(`${part}: ${error.message}`);
    }
  }
}

/** The result of a build that has to fail: its message. */
export async function refused(build) {
  try {
    await build();
  } catch (error) {
    return { answers: [], said: error.message };
  }
  throw new Error("it was built");
}

const warnings = (said) => said.match(WARNING) ?? [];

function same(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what}: ${actual}, not ${expected}`);
}

function holds(condition, what) {
  if (!condition) throw new Error(what);
}
