#include "report/answering.hpp"

#include <algorithm>

#include "capture/accumulator.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "source/leaf.hpp"
#include "summary/memberships.hpp"

namespace reseller_report {
namespace {

// Whether rows of a table are written that capture has not counted yet. The capture trigger fires at the end of the statement, and
// a function that the statement calls before that sees the rows. Whoever has queued an event of a trigger holds the lock of a
// writer. The lock is looked for first, because a look at the queue may be long.
bool awaits_capture(Oid root) {
  bool awaits = false;
  pg([&] {
    List *const tables = find_all_inheritors(root, NoLock, nullptr);
    int const count = list_length(tables);
    for (int i = 0; i < count && !awaits; i++) {
      Oid const table = list_nth_oid(tables, i);
      awaits = is_locked_by_me(table, RowExclusiveLock) && AfterTriggerPendingOnRel(table);
    }
    list_free(tables);
  });
  return awaits;
}

// Whether summaries and deltas, as this process and snapshot see them, can answer for the source. They cannot in three cases. A
// snapshot from before the transaction's latest capture does not match the accumulator. A parallel worker does not have the
// accumulator. A function that is called by a statement which writes to the source, or to dependency, sees rows that are not
// captured, or followed, yet.
bool summaries_match_snapshot(const Source &source) {
  // A transaction that has written nothing has captured nothing, whatever process this is.
  if (!TransactionIdIsValid(GetTopTransactionIdIfAny())) return true;
  return !accumulator::is_ahead_of(GetActiveSnapshot()) && !awaits_moves() && !IsParallelWorker() && !awaits_capture(source.relid);
}

}  // namespace

std::vector<AnsweringSource> answering_sources(const std::vector<Service> &services, const Range &period) {
  std::vector<Source> sources = sources_of(services);
  // Marks are read before partitions that have come are locked. So each partition whose mark is seen here is in the catalogs when
  // lock_what_came() looks. In the other order a partition could come between the two: its mark would be seen, but nobody would
  // have waited until the server has told this session of the partition. A mark that comes later is noticed by still_holds().
  MarksBySource unbuilt = unbuilt_marks_by_source();
  for (const Source &source : sources)
    if (unbuilt.count(source.id) > 0) lock_what_came(source);
  BuiltDays const built;
  std::vector<AnsweringSource> result;
  for (Source &source : sources) {
    std::vector<Range> answered = summaries_match_snapshot(source) ? built.answerable(source, period) : std::vector<Range>{};
    UnbuiltMarks marks = std::move(unbuilt[source.id]);
    result.push_back({std::move(source), std::move(marks), std::move(answered)});
  }
  return result;
}

void require_raw_usage(const Source &source, const Range &range) {
  if (range.empty() || range.from >= source.horizon) return;
  std::string const moment = text_of_time(source.horizon);
  throw Error(sqlstate::kWrongState,
              "usage of table " + source.name + " before " + moment +
                  " was pruned: from then on any period can be answered, before it only whole quarter hours UTC",
              "Begin and end the period on quarter hours UTC, or not before that moment.");
}

bool still_holds(const AnsweringSource &answering, const MarksBySource &now) {
  auto const found = now.find(answering.source.id);
  return found == now.end() ||
         std::includes(answering.unbuilt.begin(), answering.unbuilt.end(), found->second.begin(), found->second.end());
}

}  // namespace reseller_report
