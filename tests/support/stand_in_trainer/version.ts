/**
 * The release that the stand-in follows.
 *
 * @module
 */

/** What `sleap-nn --version` prints. */
export const VERSION = "sleap-nn 0.3.5";

/** What sleap-nn logs about itself and the machine. */
export const VERSION_LINE = `${VERSION} | Python 3.11.7 | PyTorch 2.13.0+cpu | CPU only`;
