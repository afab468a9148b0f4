import Database from 'better-sqlite3';

/*
 * Preloaded into a child, its threads included (hence plain JavaScript: a thread preloads before tsx is there): pragmas
 * get other values than the product gives them, as JSON in TAILGATE_TEST_PRAGMAS, and tell the product's when asked. A
 * control that has to lose readings runs with synchronous NORMAL; checkpoints come sooner than after 4 MB.
 */
const pragma = Object.getOwnPropertyDescriptor(Database.prototype, 'pragma').value;
const values = Object.entries(JSON.parse(process.env.TAILGATE_TEST_PRAGMAS ?? '{}'));

Database.prototype.pragma = function changed(source, options) {
  const [name, value] = values.find(([key]) => source === key || source.startsWith(`${key} = `)) ?? [];
  if (name === 'synchronous' && source === name) return 2;
  return pragma.call(this, name === undefined || source === name ? source : `${name} = ${value}`, options);
};
