/** The lower limits of the measurements. */
export const floor = {
  name: "await of Map.get",
  /** An async function around a `Map`: no expiry, no bound, no policy. */
  cached(load) {
    const map = new Map();
    return async (key) => {
      const value = map.get(key);
      if (value !== undefined) return value;
      const loaded = await load(key);
      map.set(key, loaded);
      return loaded;
    };
  },
};

export const mapFloor = {
  name: "Map",
  store() {
    const map = new Map();
    return { self: map, get: "get", set: (key, value) => map.set(key, value) };
  },
};
