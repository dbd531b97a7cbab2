// The settings of the playground: their defaults, their place in the address, and the policy as code.

export const POLICY = {
  ttl: "10s",
  staleWhileRevalidate: "20s",
  staleIfError: "1h",
  failoverAfter: "300ms",
  timeout: "3s",
};
export const TRAFFIC = { rate: 5, keys: 4, latency: 100, errors: 0, speed: 10 };
/** The bounds of each number: least, most, and step. */
export const BOUNDS = {
  rate: [1, 50, 1],
  keys: [1, 20, 1],
  latency: [0, 2000, 50],
  errors: [0, 100, 5],
  speed: [1, 60, 1],
};
export const ORIGINS = ["healthy", "slow", "failing", "down"];

/** Returns the settings that an address names, defaults for the others. */
export function settingsOf(hash) {
  const given = new URLSearchParams(hash.slice(1));
  const text = Object.entries(POLICY).map(([name, value]) => [name, given.get(name) ?? value]);
  const numbers = Object.entries(TRAFFIC).map(([name, value]) => {
    const [least, most] = BOUNDS[name];
    const number = Number(given.get(name) ?? value);
    return [name, number >= least && number <= most ? number : value];
  });
  const origin = ORIGINS.includes(given.get("origin")) ? given.get("origin") : "healthy";
  return { ...Object.fromEntries([...text, ...numbers]), origin };
}

/** Returns the part of an address that names settings. */
export const hashOf = (settings) => `#${new URLSearchParams(settings)}`;

/** Returns the policy of settings; what is empty is left out. */
export function policyOf(settings) {
  const given = Object.keys(POLICY).filter((name) => settings[name].trim() !== "");
  return Object.fromEntries(given.map((name) => [name, settings[name].trim()]));
}

/** Returns the policy as code to copy. */
export function codeOf(settings) {
  const options = Object.entries(policyOf(settings));
  const lines = options.map(([name, value]) => `  ${name}: ${JSON.stringify(value)},`);
  return `const getPrice = cache.wrap(loadPrice, {\n  key: "price:{0}",\n${lines.join("\n")}\n});`;
}
