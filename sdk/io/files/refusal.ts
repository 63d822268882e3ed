/** Why the system refuses an entry, in words. */
const REASONS: Readonly<Record<string, string>> = {
  EISDIR: "it is a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "its name is too long",
  // What Node says of a path that holds a NUL.
  ERR_INVALID_ARG_VALUE: "no file has such a name",
  ERR_FS_FILE_TOO_LARGE: "it is larger than 2 GiB",
};

/** The reason of an error of the system; undefined for other errors. */
export const refusalOf = (error: unknown): string | undefined => REASONS[(error as NodeJS.ErrnoException).code ?? ""];
