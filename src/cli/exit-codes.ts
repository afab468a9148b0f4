/** The exit code of a configuration that cannot be used (sysexits.h, EX_CONFIG); systemd does not restart after it. */
export const EXIT_CONFIGURATION = 78;
