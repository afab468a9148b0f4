import { z } from '../driver-kit/options.ts';

/** How a file is named that is read with `readSecret` or `readPublic`. */
export const secretFile = z.string().regex(/^(?:\/.+|[A-Za-z0-9_.-]{1,255})$/, { error: 'write the whole path, or the name of a systemd credential' });
