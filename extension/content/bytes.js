// Bytes that only the page can read: blob: addresses, canvases, pictures drawn from memory.

/**
 * @typedef {{
 *   fromPage: (target: import("./images.js").ImageTarget) => Promise<string | undefined>,
 *   toBase64: (bytes: Uint8Array) => string,
 * }} BytesApi
 */

(() => {
  const MOST = 24 * 1024 * 1024;
  const CHUNK = 0x8000;

  /** @type {BytesApi["toBase64"]} */
  function toBase64(bytes) {
    let binary = "";
    // In pieces, since every byte becomes an argument.
    for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
    return btoa(binary);
  }

  /** @param {HTMLCanvasElement} canvas */
  const canvasBlob = (canvas) =>
    new Promise((/** @type {(blob: Blob | null) => void} */ resolve) => {
      try {
        canvas.toBlob(resolve, "image/png");
      } catch {
        resolve(null); // Tainted: drawn from another site's picture.
      }
    });

  /**
   * Base64, or undefined where the background had better fetch the address itself.
   * @type {BytesApi["fromPage"]}
   */
  async function fromPage({ element, kind, url }) {
    let blob = null;
    if (kind === "canvas") blob = await canvasBlob(/** @type {HTMLCanvasElement} */ (element));
    else if (url.startsWith("blob:")) {
      blob = await fetch(url).then(
        (response) => response.blob(),
        () => null, // Revoked: many pages do so as soon as the picture shows.
      );
      if (!blob && element instanceof HTMLImageElement) blob = await redraw(element);
    }
    if (!blob || blob.size > MOST) return undefined;
    return toBase64(new Uint8Array(await blob.arrayBuffer()));
  }

  /** @param {HTMLImageElement} image */
  function redraw(image) {
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    canvas.getContext("2d")?.drawImage(image, 0, 0);
    return canvasBlob(canvas);
  }

  naturalTrace.bytes = { fromPage, toBase64 };
})();
