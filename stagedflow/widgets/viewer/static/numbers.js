export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

let given = 0;

/** A number that no other caller on this page gets: ids must differ between two viewers. */
export function serial() {
  given += 1;
  return given;
}
