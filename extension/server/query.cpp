#include "server/query.hpp"

namespace reseller_report {
namespace {

// A destination for executor output. The server knows only its first member.
struct RowReceiver {
  DestReceiver base;
  RowHandler handler;
  void *state;
};

bool receive_row(TupleTableSlot *slot, DestReceiver *self) {
  guarded([=] {
    auto *const receiver = reinterpret_cast<RowReceiver *>(self);
    pg([=] { slot_getallattrs(slot); });
    receiver->handler(receiver->state, slot->tts_values, slot->tts_isnull);
    return Datum{0};
  });
  return true;
}

void ignore_startup(DestReceiver *, int, TupleDesc) {}
void ignore(DestReceiver *) {}

void require(int spi_result, const char *what) {
  if (spi_result < 0) ereport(ERROR, (errmsg_internal("%s failed: %s", what, SPI_result_code_string(spi_result))));
}

// Marks in the server's stack of error contexts where work of ours begins; see reseller_report_refuse.
void begin_of_ours(void *) {}

/// Sets the mark while it lives.
class WorkOfOurs {
 public:
  WorkOfOurs() { error_context_stack = &mark_; }
  ~WorkOfOurs() { error_context_stack = mark_.previous; }
  WorkOfOurs(const WorkOfOurs &) = delete;
  WorkOfOurs &operator=(const WorkOfOurs &) = delete;

 private:
  ErrorContextCallback mark_ = {error_context_stack, begin_of_ours, nullptr};
};

// Does work of ours that calls SPI, and so owns nothing with a destructor.
template <typename F>
void by_spi(F &&work) {
  WorkOfOurs const mark;
  pg([&] {
    require(SPI_connect(), "SPI_connect");
    work();
    require(SPI_finish(), "SPI_finish");
  });
}

// The contexts outside of our own work. The innermost context is the statement that refuses; it is left out also where no work of
// ours began, because a function was called directly.
ErrorContextCallback *contexts_of_callers() {
  ErrorContextCallback *callers = error_context_stack != nullptr ? error_context_stack->previous : nullptr;
  for (const ErrorContextCallback *at = error_context_stack; at != nullptr; at = at->previous)
    if (at->callback == begin_of_ours) callers = at->previous;
  return callers;
}

RowReceiver make_receiver(RowHandler handler, void *state) {
  RowReceiver receiver = {};
  receiver.base.receiveSlot = receive_row;
  receiver.base.rStartup = ignore_startup;
  receiver.base.rShutdown = ignore;
  receiver.base.rDestroy = ignore;
  receiver.base.mydest = DestNone;
  receiver.handler = handler;
  receiver.state = state;
  return receiver;
}

SPIExecuteOptions make_options(const SqlParameters &parameters, RowReceiver &receiver) {
  ParamListInfo const list = makeParamList(parameters.count);
  for (int i = 0; i < parameters.count; i++) {
    list->params[i].value = parameters.values[i];
    list->params[i].isnull = parameters.nulls[i] == 'n';
    list->params[i].pflags = PARAM_FLAG_CONST;
    list->params[i].ptype = parameters.types[i];
  }
  SPIExecuteOptions options = {};
  options.params = list;
  options.read_only = true;
  options.dest = &receiver.base;
  return options;
}

}  // namespace

SqlParameters &SqlParameters::add_bigints(const std::int64_t *array, int n) {
  ArrayType *made = nullptr;
  pg([&] { made = make_bigint_array(array, n); });
  return add(INT8ARRAYOID, PointerGetDatum(made));
}

void run_query(const char *sql, const SqlParameters &parameters, RowHandler handler, void *state) {
  RowReceiver receiver = make_receiver(handler, state);
  by_spi([&] {
    SPIExecuteOptions options = make_options(parameters, receiver);
    require(SPI_execute_extended(sql, &options), "SPI_execute_extended");
  });
}

void run_changing_query(const char *sql, const SqlParameters &parameters, RowHandler handler, void *state) {
  RowReceiver receiver = make_receiver(handler, state);
  by_spi([&] {
    SPIExecuteOptions options = make_options(parameters, receiver);
    options.read_only = false;
    require(SPI_execute_extended(sql, &options), "SPI_execute_extended");
  });
}

void run_query(SavedQuery &query, const SqlParameters &parameters, RowHandler handler, void *state) {
  RowReceiver receiver = make_receiver(handler, state);
  by_spi([&] {
    SPIExecuteOptions options = make_options(parameters, receiver);
    if (query.plan == nullptr) {
      SPIPlanPtr const plan =
          SPI_prepare_cursor(query.sql, parameters.count, const_cast<Oid *>(parameters.types), static_cast<int>(query.planning));
      if (plan == nullptr) require(SPI_result, "SPI_prepare");
      require(SPI_keepplan(plan), "SPI_keepplan");
      query.plan = plan;
    }
    require(SPI_execute_plan_extended(query.plan, &options), "SPI_execute_plan_extended");
  });
}

KeptQuery::~KeptQuery() {
  if (query_.plan != nullptr) SPI_freeplan(query_.plan);
}

Datum query_array(const char *sql, const SqlParameters &parameters) {
  MemoryContext const home = CurrentMemoryContext;
  Datum value = 0;
  query(sql, parameters, [&](const Datum *values, const bool *) {
    pg([&] {
      MemoryContext const before = MemoryContextSwitchTo(home);
      value = datumCopy(values[0], false, -1);
      MemoryContextSwitchTo(before);
    });
  });
  return value;
}

void execute(const char *sql, const SqlParameters &parameters) {
  by_spi([&] {
    require(SPI_execute_with_args(sql, parameters.count, const_cast<Oid *>(parameters.types),
                                  const_cast<Datum *>(parameters.values), parameters.nulls, false, 0),
            "SPI_execute_with_args");
  });
}

// Raises an error that our SQL functions foresee, with message, hint and SQLSTATE. Its context names the user's statement that
// called us, but none of our own steps in between. The context of an error that nobody foresaw has all of them.
RESELLER_REPORT_FUNCTION(reseller_report_refuse) {
  pg([&] {
    const char *const message = PG_ARGISNULL(0) ? "invalid argument" : TextDatumGetCString(PG_GETARG_DATUM(0));
    const char *const hint = PG_ARGISNULL(1) ? nullptr : TextDatumGetCString(PG_GETARG_DATUM(1));
    const char *const state = PG_ARGISNULL(2) ? sqlstate::kInternal : TextDatumGetCString(PG_GETARG_DATUM(2));
    error_context_stack = contexts_of_callers();
    ereport(ERROR, (errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])), errmsg_internal("%s", message),
                    hint != nullptr ? errhint("%s", hint) : 0));
  });
  PG_RETURN_VOID();
}

std::string text_of(Datum value) {
  const char *copy = nullptr;
  pg([&] { copy = TextDatumGetCString(value); });
  return copy;
}

std::string text_of_time(std::int64_t time) {
  const char *text = nullptr;
  pg([&] { text = DatumGetCString(DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(time))); });
  return text;
}

ArrayType *make_bigint_array(const std::int64_t *values, int n) {
  // Allocated by hand and not by construct_array(), which would go through a Datum for each element.
  Size const size = ARR_OVERHEAD_NONULLS(1) + sizeof(std::int64_t) * static_cast<Size>(n);
  auto *const array = static_cast<ArrayType *>(palloc(size));
  SET_VARSIZE(array, size);
  array->ndim = 1;
  array->dataoffset = 0;
  array->elemtype = INT8OID;
  ARR_DIMS(array)[0] = n;
  ARR_LBOUND(array)[0] = 1;
  if (n > 0) memcpy(ARR_DATA_PTR(array), values, sizeof(std::int64_t) * static_cast<Size>(n));
  return array;
}

}  // namespace reseller_report
