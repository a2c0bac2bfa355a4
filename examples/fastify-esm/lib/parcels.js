/** Parcels by their number, in memory. */
export function createParcels() {
  const parcels = new Map();
  return {
    find: (number) => parcels.get(number),
    add({ number, weight }) {
      const parcel = { number, weight, place: 'sender' };
      parcels.set(number, parcel);
      return parcel;
    },
    move(number, place) {
      const parcel = parcels.get(number);
      if (parcel === undefined) throw new Error(`Parcel ${number} was never announced.`);
      parcel.place = place;
      return parcel;
    },
  };
}
