// Reads the events of one company in order, a few rows at a time. Who needs only the first events reads few others.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "source/raw_query.hpp"
#include "source/registry.hpp"
#include "source/usage_reader.hpp"

namespace reseller_report {

/// A place in the order of a source's rows: a moment and a primary key, its columns as text.
struct RowPlace {
  Time moment;
  std::vector<std::string> key;
};

/// An event and the row that it is of.
struct RowEvent {
  Usage usage;
  std::string key;    ///< the primary key as a JSON object; empty where the table has none
  std::string place;  ///< the values of the primary key as a JSON array of texts; empty likewise
};

/// A column of a primary key, in SQL.
struct KeyColumn {
  std::string name;
  std::string literal;  ///< as a string literal
  std::string type;     ///< with its collation
  std::string equals;   ///< the operators of its order
  std::string exceeds;
  bool is_jsonb;  ///< or a domain over it
};

/// The columns of a table's primary key, in its order; none where it has none.
std::vector<KeyColumn> key_columns(Oid table);

/// Which events are wanted: of which company, of which item (of all where none is given), and when. `ranges` are in order of time
/// and do not overlap.
struct EventChoice {
  std::int64_t company;
  std::optional<Item> item;
  std::vector<Range> ranges;
  std::optional<RowPlace> after;  ///< events up to and including this one are left out
};

/// Reads the events of a company in the active snapshot, as the table's owner, in order of moment and primary key. Call close() at
/// the end; after an error the transaction closes it.
class EventScan {
 public:
  EventScan(const Source &source, EventChoice choice);
  EventScan(const EventScan &) = delete;
  EventScan &operator=(const EventScan &) = delete;

  const Source &source() const { return source_; }
  /// Raises 55000 where the table has no primary key, so that its rows have no position.
  void require_key() const;

  /// The event to come; nullptr when there is none.
  const RowEvent *peek();
  void pop() { events_.pop_front(); }
  void close();

 private:
  void open(const Range &range);
  void fetch();
  std::string sql_of(RawQuery &raw) const;

  const Source &source_;
  EventChoice choice_;
  RowLayout layout_;
  std::vector<KeyColumn> key_;
  bool look_everywhere_;
  std::size_t next_range_ = 0;
  Portal portal_ = nullptr;
  std::deque<RowEvent> events_;
};

}  // namespace reseller_report
