/** The message listeners of one connection, by channel. */

/** Listeners by channel. */
export class Listeners {
  readonly #byChannel = new Map<string, Set<(message: string) => void>>();

  tell(channel: string, message: string): void {
    for (const listener of this.#byChannel.get(channel) ?? []) listener(message);
  }

  add(channel: string, listener: (message: string) => void): void {
    const known = this.#byChannel.get(channel) ?? new Set();
    this.#byChannel.set(channel, known.add(listener));
  }

  /** The channels that have listeners. */
  get channels(): string[] {
    return [...this.#byChannel.keys()];
  }

  /** Removes a listener; true if it was the last of its channel. */
  remove(channel: string, listener: (message: string) => void): boolean {
    const known = this.#byChannel.get(channel);
    if (known?.delete(listener) !== true || known.size > 0) return false;
    return this.#byChannel.delete(channel);
  }
}
