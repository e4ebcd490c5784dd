export function inGroups(flat, size, make) {
  const found = [];
  for (let k = 0; k < flat.length; k += size) found.push(make(flat.slice(k, k + size)));
  return found;
}

/** The text that a name has at step i (binary search), or -1. */
export function lookUp({ steps, texts }, i) {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= i) low = middle + 1;
    else high = middle;
  }
  return low ? texts[low - 1] : -1;
}
