/** Random identifiers and numbers, from the browser's CSPRNG only. */

/** 22 characters of base64url: 128 random bits. */
export function newIdentifier(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes))
    .replace(/[+/]/g, (sign) => (sign === "+" ? "-" : "_"))
    .slice(0, 22);
}

/** A number in [0, 1), evenly drawn with 32 bits. */
export function randomShare(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32;
}
