#include "source/event_scan.hpp"

#include <memory>
#include <utility>

#include "server/acting_as.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "source/built_days.hpp"

namespace reseller_report {
namespace {

// How many rows are fetched from the cursor at a time.
constexpr long kBatch = 200;

// The SQL condition that a value of the rule's column has this meaning. Empty where SQL cannot tell this exactly as the mapping
// does.
std::string condition_of(const Rule &rule, Reading reading, std::int64_t meaning) {
  if (rule.is_constant || rule.of_others == meaning) return {};
  std::string const column = quoted(NameStr(rule.column));
  std::string condition;
  if (!rule.has_labels && reading == Reading::kBoolean) {
    condition = meaning == 1 ? column : "NOT " + column;
  } else if (rule.has_labels && reading == Reading::kText) {
    condition = "false";
    for (int i = 0; i < rule.label_count; i++) {
      if (rule.labels[i].meaning != meaning) continue;
      const char *label = nullptr;
      pg([&] { label = quote_literal_cstr(pnstrdup(rule.labels[i].text, rule.labels[i].length)); });
      condition += " OR " + column + " = " + label;
    }
  } else {
    return {};
  }
  return "(" + condition + (rule.of_null == meaning ? " OR " + column + " IS NULL)" : ")");
}

// Conditions, to be appended to WHERE, that every row of an item meets. Rows of other items may meet them, too; those are left out
// when they are read.
std::string condition_of(const Mapping &mapping, const RowLayout &layout, Item item) {
  auto kind = static_cast<std::int64_t>(item);
  bool is_alice = false;
  if (item == Item::kBillable || item == Item::kFree) kind = item == Item::kBillable ? 1 : 0;
  for (auto const &[plain, by_alice] : {std::pair{Item::kOperator, Item::kOperatorAlice}, std::pair{Item::kBot, Item::kBotAlice},
                                        std::pair{Item::kUser, Item::kUserAlice}}) {
    if (item != by_alice) continue;
    kind = static_cast<std::int64_t>(plain);
    is_alice = true;
  }
  auto const of_field = [&](Field field, std::int64_t meaning) {
    int const i = mapping.of_field[static_cast<int>(field)];
    std::string const condition = i >= 0 ? condition_of(mapping.rules[i], layout.reading[i], meaning) : std::string();
    return condition.empty() ? std::string() : " AND " + condition;
  };
  return of_field(Field::kKind, kind) + of_field(Field::kAlice, is_alice ? 1 : 0);
}

void require_spi(int result, const char *what) {
  if (result < 0) ereport(ERROR, (errmsg_internal("%s failed: %s", what, SPI_result_code_string(result))));
}

// Has keys printed exactly, and so that every session reads them alike.
void print_exactly(const ActingAs &owner) {
  owner.set("datestyle", "ISO");
  owner.set("intervalstyle", "postgres");
  owner.set("extra_float_digits", "1");
}

/// Rows that were fetched from the cursor. They lie in SPI's memory, until SPI_finish().
struct Batch {
  TupleDesc columns;
  HeapTuple *rows;
  std::uint64_t count;
};

}  // namespace

// Of each column's operator class, strategy 3 is "equals", and 5 "exceeds".
std::vector<KeyColumn> key_columns(Oid table) {
  std::vector<KeyColumn> columns;
  SqlParameters parameters;
  parameters.add(OIDOID, ObjectIdGetDatum(table));
  query(
      "SELECT pg_catalog.quote_ident(a.attname), pg_catalog.quote_literal(a.attname),"
      " pg_catalog.format_type(a.atttypid, a.atttypmod)"
      " || CASE WHEN a.attcollation <> 0 THEN ' COLLATE ' || a.attcollation::pg_catalog.regcollation ELSE '' END,"
      " (SELECT pg_catalog.format('OPERATOR(%I.%s)', n.nspname, o.oprname) FROM pg_catalog.pg_amop m"
      "   JOIN pg_catalog.pg_operator o ON o.oid = m.amopopr JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace"
      "   WHERE m.amopfamily = c.opcfamily AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype"
      "     AND m.amopstrategy = 3),"
      " (SELECT pg_catalog.format('OPERATOR(%I.%s)', n.nspname, o.oprname) FROM pg_catalog.pg_amop m"
      "   JOIN pg_catalog.pg_operator o ON o.oid = m.amopopr JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace"
      "   WHERE m.amopfamily = c.opcfamily AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype"
      "     AND m.amopstrategy = 5), a.atttypid"
      " FROM pg_catalog.pg_index i, ROWS FROM (unnest(i.indkey), unnest(i.indclass)) WITH ORDINALITY AS k (attnum, opclass, n),"
      " pg_catalog.pg_attribute a, pg_catalog.pg_opclass c"
      " WHERE i.indrelid = $1 AND i.indisprimary AND k.n <= i.indnkeyatts AND a.attrelid = i.indrelid AND a.attnum = k.attnum"
      " AND c.oid = k.opclass ORDER BY k.n",
      parameters, [&](const Datum *values, const bool *) {
        Oid base_type = InvalidOid;
        pg([&] { base_type = getBaseType(DatumGetObjectId(values[5])); });
        columns.push_back({text_of(values[0]), text_of(values[1]), text_of(values[2]), text_of(values[3]), text_of(values[4]),
                           base_type == JSONBOID});
      });
  return columns;
}

EventScan::EventScan(const Source &source, EventChoice choice)
    : source_(source),
      choice_(std::move(choice)),
      layout_(layout_of_table(source)),
      key_(key_columns(source.relid)),
      look_everywhere_(moved_unseen(source.id)) {
  if (choice_.after) require_key();
  if (choice_.after && choice_.after->key.size() != key_.size())
    throw Error(sqlstate::kInvalidParameter, "the position is not of the primary key that usage table " + source.name + " has",
                "Begin again with the first page.");
}

void EventScan::require_key() const {
  if (key_.empty())
    throw Error(sqlstate::kWrongState, "rows of usage table " + source_.name + " have no position: it has no primary key",
                "Ask without after, for a shorter period.");
}

std::string EventScan::sql_of(RawQuery &raw) const {
  std::string key = "NULL";
  std::string place = "NULL";
  std::string order = raw.moment;
  if (!key_.empty()) {
    key = "pg_catalog.jsonb_build_object(";
    place = "pg_catalog.to_jsonb(ARRAY[";
    for (std::size_t i = 0; i < key_.size(); i++) {
      const KeyColumn &column = key_[i];
      key += (i > 0 ? ", " : "") + column.literal + ", " + column.name;
      place += (i > 0 ? ", " : "") + column.name + "::pg_catalog.text";
      order += ", " + column.name;
    }
    key += ")::pg_catalog.text";
    place += "])::pg_catalog.text";
  }
  if (const Rule &company = source_.mapping.rule(Field::kCompany); !company.is_constant) {
    raw.parameters.add_bigint(choice_.company);
    raw.rows += " AND " + quoted(NameStr(company.column)) + " = $" + std::to_string(raw.parameters.count);
  }
  if (choice_.item) raw.rows += condition_of(source_.mapping, layout_, *choice_.item);
  if (choice_.after) {
    raw.add_moment(choice_.after->moment);
    std::string const moment = "$" + std::to_string(raw.parameters.count);
    pg([&] {
      auto *const elements = static_cast<Datum *>(palloc(sizeof(Datum) * choice_.after->key.size()));
      for (std::size_t i = 0; i < choice_.after->key.size(); i++) elements[i] = CStringGetTextDatum(choice_.after->key[i].c_str());
      ArrayType *const array =
          construct_array(elements, static_cast<int>(choice_.after->key.size()), TEXTOID, -1, false, TYPALIGN_INT);
      raw.parameters.add(TEXTARRAYOID, PointerGetDatum(array));
    });
    std::string const values = "$" + std::to_string(raw.parameters.count);
    // The condition that a row comes after the position, put together from the last column of the key to the first: the column
    // exceeds its value, or it equals it and the columns after it come after theirs.
    std::string beyond;
    for (std::size_t i = key_.size(); i > 0; i--) {
      const KeyColumn &column = key_[i - 1];
      std::string const value = "(" + values + "[" + std::to_string(i) + "])::" + column.type;
      std::string const exceeds = column.name + " " + column.exceeds + " " + value;
      beyond =
          beyond.empty() ? exceeds : exceeds + " OR (" + column.name + " " + column.equals + " " + value + " AND (" + beyond + "))";
    }
    raw.rows += " AND (" + raw.moment + " > " + moment + " OR (" + raw.moment + " = " + moment + " AND (" + beyond + ")))";
  }
  return "SELECT " + raw.columns + ", " + key + ", " + place + " FROM " + raw.rows + " ORDER BY " + order;
}

void EventScan::open(const Range &range) {
  RawQuery raw = raw_query(source_, layout_, range);
  std::string const sql = sql_of(raw);
  reading_as_owner(source_.relid, [&](const ActingAs &owner) {
    // For the reason that read_raw() gives.
    owner.set("enable_partition_pruning", look_everywhere_ ? "off" : "on");
    // Asks for a plan that is quick to the first rows: one by an index on company and moment.
    owner.set("cursor_tuple_fraction", "0.00001");
    owner.set("enable_incremental_sort", "on");
    // Compiling a plan would take longer than reading a page of events.
    owner.set("jit", "off");
    print_exactly(owner);
    pg([&] {
      require_spi(SPI_connect(), "SPI_connect");
      portal_ = SPI_cursor_open_with_args(nullptr, sql.c_str(), raw.parameters.count, raw.parameters.types, raw.parameters.values,
                                          raw.parameters.nulls, true, CURSOR_OPT_FAST_PLAN | CURSOR_OPT_NO_SCROLL);
      require_spi(SPI_finish(), "SPI_finish");
    });
  });
}

void EventScan::fetch() {
  const Mapping &mapping = source_.mapping;
  reading_as_owner(source_.relid, [&](const ActingAs &owner) {
    print_exactly(owner);
    Batch batch = {};
    pg([&] {
      require_spi(SPI_connect(), "SPI_connect");
      SPI_cursor_fetch(portal_, true, kBatch);
      batch = {SPI_tuptable->tupdesc, SPI_tuptable->vals, SPI_processed};
    });
    auto const columns = static_cast<std::size_t>(batch.columns->natts);
    std::vector<Datum> values(columns);
    auto const nulls = std::make_unique<bool[]>(columns);
    for (std::uint64_t i = 0; i < batch.count; i++) {
      pg([&] { heap_deform_tuple(batch.rows[i], batch.columns, values.data(), nulls.get()); });
      UsageHead head;
      if (!head_of_row(mapping, layout_, values.data(), nulls.get(), head) || head.company != choice_.company) continue;
      RowEvent event = {};
      if (!usage_of_row(mapping, layout_, values.data(), nulls.get(), source_.relid, event.usage)) continue;
      if (!key_.empty()) {
        event.key = text_of(values[columns - 2]);
        event.place = text_of(values[columns - 1]);
      }
      events_.push_back(std::move(event));
    }
    pg([] { require_spi(SPI_finish(), "SPI_finish"); });
    if (batch.count == 0) close();
  });
}

const RowEvent *EventScan::peek() {
  while (events_.empty()) {
    if (portal_ == nullptr) {
      if (next_range_ == choice_.ranges.size()) return nullptr;
      open(choice_.ranges[next_range_++]);
    }
    fetch();
  }
  return &events_.front();
}

void EventScan::close() {
  if (portal_ == nullptr) return;
  pg([&] { SPI_cursor_close(portal_); });
  portal_ = nullptr;
}

}  // namespace reseller_report
