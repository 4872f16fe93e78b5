// The commands that do one thing and end. Each throws DatabaseError where it cannot work with the database at all.
#pragma once

#include "config/config.hpp"
#include "database/extension.hpp"
#include "process/exit_status.hpp"
#include "process/log.hpp"
#include "process/process.hpp"

namespace materializer {

/// Folds until nothing is left.
ExitStatus run_once(const Config &config, const Connect &connect, const Process &process, Log &log);

/// Prints what is pending, which instance leads, and the state of the sources.
ExitStatus run_status(const Config &config, const Connect &connect);

/// Rebuilds slice by slice, and shows how far it has come. Where the connection is lost, it connects again and goes on.
ExitStatus run_rebuild(const Config &config, const Connect &connect, Process &process, Log &log);

/// Compares raw usage with the summaries, and prints what differs.
ExitStatus run_verify(const Config &config, const Connect &connect, const Process &process, Log &log);

/// Drops old usage, or only prints what it would drop.
ExitStatus run_prune(const Config &config, const Connect &connect, const Process &process, Log &log);

/// Issues the statements of a month that are not issued yet.
ExitStatus run_statement(const Config &config, const Connect &connect, const Process &process, Log &log);

}  // namespace materializer
