// Bytes that only the page can read: blob: addresses, canvases, pictures drawn from memory.

/**
 * @typedef {{
 *   fromPage: (target: import("./images.js").ImageTarget) => Promise<string | undefined>,
 *   toBase64: (blob: Blob) => Promise<string>,
 * }} BytesApi
 */

(() => {
  const MOST = 24 * 1024 * 1024;

  /**
   * Through a data address: in Firefox, typed arrays that come from the page's side cannot be read from here, text can.
   * @type {BytesApi["toBase64"]}
   */
  const toBase64 = (blob) =>
    new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(blob);
    });

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
    return toBase64(blob);
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
