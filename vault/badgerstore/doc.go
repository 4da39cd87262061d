// Package badgerstore keeps a vault's records and blobs in one Badger database
// in a folder: the embedded default. Records and blobs share the database, so
// that a blob of up to 64 MiB goes into its record's own transaction and costs
// no sync of its own.
//
// Badger alone is not enough for pictures of patients, so this package adds:
//
//   - before the database is opened for writing its logs are walked, because
//     Badger cuts a log at the first entry that does not verify and says
//     nothing (logcheck.go); damage is Corrupt, and RepairLogs mends it
//     without cutting (repair.go);
//   - a value that cannot be read is Corrupt; Badger returns it empty, without
//     an error (reader.go);
//   - a fault in mapped memory, such as a bad sector, becomes Corrupt in the
//     reader that met it and does not end the process;
//   - a sync that failed stops all writing until the store is opened again, and
//     new files are durable in their folder before their first entry counts
//     (commit.go);
//   - what Badger logs is counted and logged without any key (alarm.go).
//
// It refuses to interpret what it stores: values are sealed by the vault, and
// nothing here compresses, encrypts or caches. Start reading at Open.
package badgerstore
