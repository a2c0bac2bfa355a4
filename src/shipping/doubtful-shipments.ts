/** What a shipment would have stored. */
export interface ShippedPart {
  readonly records: number;
  readonly deadLetters: number;
  readonly bytes: number;
}

interface Doubtful {
  readonly from: number;
  readonly to: number;
  readonly part: ShippedPart;
}

/** A segment of an instance. */
export interface SegmentPlace {
  readonly instanceId: string;
  readonly segment: string;
}

/**
 * Shipments of which no answer came, as when a connection breaks behind COMMIT. Each is counted when the offset of its segment shows that
 * it was stored, so that what a process says it has shipped is what the database has of it. (Where somebody else ships the same journal
 * meanwhile both count it.)
 */
export class DoubtfulShipments {
  readonly #bySegment = new Map<string, readonly Doubtful[]>();

  add(place: SegmentPlace, shipment: Doubtful): void {
    this.#set(place, [...this.#of(place), shipment]);
  }

  /**
   * Answers what of them is stored, now that the offset is known. One that begins there may still be on its way: whether it was stored is
   * known when the offset has moved.
   */
  settle(place: SegmentPlace, offset: number): readonly ShippedPart[] {
    const known = this.#of(place);
    this.#set(
      place,
      known.filter(({ from }) => from >= offset),
    );
    // Of attempts from the same offset one was stored: that which ends where others go on.
    const stored = new Map<number, Doubtful>();
    for (const one of known) {
      if (one.to <= offset && one.to >= (stored.get(one.from)?.to ?? 0)) stored.set(one.from, one);
    }
    return [...stored.values()].map(({ part }) => part);
  }

  /** Another shipment was stored from where they begin, so they were not. */
  refute(place: SegmentPlace, to: number): void {
    this.#set(
      place,
      this.#of(place).filter(({ from }) => from >= to),
    );
  }

  #of({ instanceId, segment }: SegmentPlace): readonly Doubtful[] {
    return this.#bySegment.get(`${instanceId} ${segment}`) ?? [];
  }

  #set({ instanceId, segment }: SegmentPlace, shipments: readonly Doubtful[]): void {
    const key = `${instanceId} ${segment}`;
    if (shipments.length === 0) this.#bySegment.delete(key);
    else this.#bySegment.set(key, shipments);
  }
}
