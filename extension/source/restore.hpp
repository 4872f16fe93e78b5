// Restoring dumps. A dump brings raw usage, summaries, pending changes, dependencies and the registry as they were, in any order
// and by several workers at once; nothing of it may be captured, moved or followed again. But sessions go on after a script, with
// its settings: only what a dump itself does is taken for a part of it.
#pragma once

namespace reseller_report {

/// Whether this session may be in the midst of restoring a dump by itself: it has the settings of pg_dump's scripts and
/// pg_restore's workers, and the database has done no work of its own and has no source but restored ones.
bool may_be_loading_dump();

/// Whether rows of dependency that come now are a dump's: by one COPY, or by pg_restore's INSERTs.
bool is_loading_dependencies();

/// Whether this session is pg_restore's.
bool is_pg_restore();

/// Raises 55000, saying what a restore of schema and data apart needs.
[[noreturn]] void throw_restore_in_parts();

}  // namespace reseller_report
