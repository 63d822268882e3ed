/** What can go wrong with a model that is asked for by its name: the request, or the transfer. */
import { InputError } from "../../errors.js";

/** A model is not available by this name: refused, not found, not allowed, or not in the cache while offline. */
export class HubError extends InputError {
  override name = "HubError";
}

/**
 * A transfer failed: the connection, a file of another size or hash than the hub lists, or a full disk. Nothing of the file
 * is visible under its name; the bytes received are kept for the next attempt where possible.
 */
export class DownloadError extends Error {
  override name = "DownloadError";
}
