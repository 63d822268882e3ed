/**
 * Names of models and revisions. The rules are those of Python's huggingface_hub, so that both accept the same names and
 * keep them in the same place. Names become parts of paths and of URLs, so that everything else is refused.
 */
import { shown } from "../../errors.js";
import { requireSafeName } from "../files/files.js";
import { HubError } from "./errors.js";

/** An owner or a repository: letters, digits, "_", "-" and ".", neither "-" nor "." at its ends. */
const PART = /^\w(?:[\w.-]*\w)?$/;

const LONGEST_NAME = 96;

/** The fault in a model's name; null for a valid one. */
function faultOf(name: string): string | null {
  const parts = name.split("/");
  if (parts.length > 2) return "it has more than one slash";
  if (name.length > LONGEST_NAME) return `it has more than ${LONGEST_NAME} characters`;
  if (name.includes("--") || name.includes("..")) return 'it has "--" or ".."';
  if (name.endsWith(".git")) return 'it ends in ".git"';
  return parts.every((part) => PART.test(part)) ? null : 'only letters, digits, "_", "-" and "." may be in it';
}

/** Whether a text has the form of a model's name, "organization/model" or "model". */
export const isModelName = (text: string): boolean => faultOf(text) === null;

/**
 * Require a model's name.
 *
 * @throws {HubError} naming its fault
 */
export function requireModelName(name: string): string {
  const fault = faultOf(name);
  if (fault === null) return name;
  throw new HubError(`${shown(name)} is not the name of a model, such as "organization/model": ${fault}`);
}

/** Require a branch, a tag, a commit or a reference such as "refs/pr/3". */
export function requireRevision(revision: string): string {
  try {
    return requireSafeName(revision);
  } catch {
    throw new HubError(`${shown(revision)} is not a revision: expected a branch, a tag or a commit`);
  }
}

/** Whether a revision is a whole commit, which never changes. */
export const isCommit = (revision: string): boolean => /^[\da-f]{40}$/.test(revision);
