/** The exit code of a configuration that cannot be used (sysexits.h, EX_CONFIG); systemd does not restart after it. */
export const EXIT_CONFIGURATION = 78;

/** The exit code of a question that no gateway answers (sysexits.h, EX_UNAVAILABLE). */
export const EXIT_UNAVAILABLE = 69;
