// Offset rows: moved by compare-and-set in sorted order, read again when that fails.
#pragma once

#include "sink/database.h"
#include "sink/postgres/connection.h"

namespace loom::sink::postgres {

/// Begins a transaction that makes or alters tables: one at a time, and waits for locks without limit.
inline constexpr const char* begin_change_sql =
    "BEGIN; SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(7307001)";

[[nodiscard]] Result<std::vector<OffsetRow>> read_offsets(Connection& connection, const Owner& owner,
                                                          std::span<const TopicName> topics);

/// Opens the transaction and moves the offsets. A Moved that is not empty: it is to be rolled back; `current` is not
/// filled in yet.
[[nodiscard]] Result<Moved> begin_and_move(Connection& connection, const Batch& batch);
/// After a lock was waited for in vain (55P03): ends those sessions of this role that moved offsets and have been waiting
/// in a COPY for a process that is stopped; how many (decision 0037).
[[nodiscard]] Result<int> end_stopped_writers(Connection& connection);
/// What the rows say now; with `lock`, after whoever is changing them has ended.
enum class Lock { no, wait };
[[nodiscard]] Result<std::optional<Offset>> offset_of(Connection& connection, const Owner& owner, const OffsetKey& key,
                                                      Lock lock);

}  // namespace loom::sink::postgres
