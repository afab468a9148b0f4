import Database from 'better-sqlite3';

/*
 * Preloaded into a child, its threads included (hence plain JavaScript: a thread preloads before tsx is there): every
 * connection runs with synchronous NORMAL in place of FULL, and says that it did not. What the power-cut test finds of
 * the real settings is worth something only if this one loses readings.
 */
const { pragma } = Database.prototype;

Database.prototype.pragma = function weakened(source, options) {
  if (source === 'synchronous') return 2;
  return pragma.call(this, source === 'synchronous = FULL' ? 'synchronous = NORMAL' : source, options);
};
