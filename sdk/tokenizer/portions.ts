/**
 * How much of a long loop is done in one call. Programs often read one vocabulary right after they have started, when
 * engines still interpret or roughly compile what they run; they optimise a function that is called again and again sooner
 * than one long loop.
 */
export const AT_ONCE = 64;
