// Reads the binary format of WebAssembly as far as a meter has to.

/** Returns a number as LEB128. */
export function uleb(value) {
  const bytes = [];
  let left = value;
  do {
    const low = left & 0x7f;
    left >>>= 7;
    bytes.push(left === 0 ? low : low | 0x80);
  } while (left !== 0);
  return bytes;
}

/** The immediates of instructions: what follows a code. LEB128 numbers unless the name says else. */
const IMMEDIATES = {
  none: () => {},
  one: (reader) => reader.uleb(),
  two: (reader) => {
    reader.uleb();
    reader.uleb();
  },
  four: (reader) => reader.skip(4),
  eight: (reader) => reader.skip(8),
  byte: (reader) => reader.skip(1),
  many: (reader) => {
    for (let left = reader.uleb(); left >= 0; left -= 1) reader.uleb();
  },
  types: (reader) => reader.skip(reader.uleb()),
};

/** `[from, to, immediates]` of the codes there are. */
const CODES = [
  [0x00, 0x01, "none"],
  [0x02, 0x04, "one"], // the type of a block: its bytes are those of any LEB128 number
  [0x05, 0x05, "none"],
  [0x0b, 0x0b, "none"],
  [0x0c, 0x0d, "one"],
  [0x0e, 0x0e, "many"],
  [0x0f, 0x0f, "none"],
  [0x10, 0x10, "one"],
  [0x11, 0x11, "two"],
  [0x1a, 0x1b, "none"],
  [0x1c, 0x1c, "types"],
  [0x20, 0x26, "one"],
  [0x28, 0x3e, "two"],
  [0x3f, 0x40, "byte"],
  [0x41, 0x42, "one"],
  [0x43, 0x43, "four"],
  [0x44, 0x44, "eight"],
  [0x45, 0xc4, "none"],
  [0xd0, 0xd0, "one"],
  [0xd1, 0xd1, "none"],
  [0xd2, 0xd2, "one"],
];
/** The same for those behind 0xfc. */
const MORE_CODES = [
  [0, 7, "none"],
  [8, 8, "two"],
  [9, 9, "one"],
  [10, 10, "two"],
  [11, 11, "one"],
  [12, 12, "two"],
  [13, 13, "one"],
  [14, 14, "two"],
  [15, 17, "one"],
];
const MORE = 0xfc;

/** Reads bytes one after the other. */
export class Reader {
  at = 0;
  #bytes;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  get isAtEnd() {
    return this.at >= this.#bytes.length;
  }

  byte() {
    if (this.isAtEnd) throw new Error("the module ends too early");
    return this.#bytes[this.at++];
  }

  skip(count) {
    this.at += count;
  }

  take(count) {
    this.skip(count);
    return this.#bytes.subarray(this.at - count, this.at);
  }

  rest() {
    return this.#bytes.subarray(this.at);
  }

  /** Reads a LEB128 number; of a signed or a long one it only finds the end. */
  uleb() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  /** Reads the declaration of a function's locals. */
  locals() {
    for (let left = this.uleb(); left > 0; left -= 1) {
      this.uleb();
      this.byte();
    }
  }

  /** Reads what is imported; returns its kind. */
  importDescription() {
    const kind = this.byte();
    if (kind === 0) this.uleb();
    else if (kind === 1) this.#table();
    else if (kind === 2) this.#limits();
    else this.skip(2);
    return kind;
  }

  #table() {
    this.byte();
    this.#limits();
  }

  #limits() {
    const hasMost = this.byte() & 1;
    this.uleb();
    if (hasMost) this.uleb();
  }

  /** Reads an instruction with its immediates; returns its first byte. */
  instruction() {
    const code = this.byte();
    const [codes, wanted] = code === MORE ? [MORE_CODES, this.uleb()] : [CODES, code];
    const known = codes.find(([from, to]) => wanted >= from && wanted <= to);
    if (known === undefined) throw new Error(`instruction ${code} ${wanted} is not known`);
    IMMEDIATES[known[2]](this);
    return code;
  }
}
