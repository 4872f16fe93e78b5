// Reading usage for a table, chunk by chunk: some steps of a service's items at a time, of one reseller after the other. Steps are
// buckets of the table, or several buckets in one where they need not be told apart.
#pragma once

#include "core/item.hpp"
#include "source/built_days.hpp"
#include "tables/blocks.hpp"
#include "tables/calendar.hpp"
#include "tables/scan.hpp"

namespace reseller_report {

class UsageScan : public TableScan {
 public:
  std::int64_t summary_rows_read() const override { return blocks_.rows_read(); }

 protected:
  /// What a scan reads: these figures and always the events, by company or as totals.
  struct Manner {
    FigureSet figures;
    bool by_company;
    bool joins_buckets;  ///< whether neighbouring buckets of the same classes are one step
    std::size_t memory;  ///< that a chunk should take
  };

  UsageScan(const ScanOrder &order, const Manner &manner);

  /// Begins before the first reseller.
  void rewind_usage();

  /// Reads the next chunk; false when there is none. Raises 40001 where rows were handed out, and raw rows have changed unseen
  /// meanwhile; where none was, begins anew.
  bool next_chunk();

  /// The class of the bucket and item that the probe shows; -1 where they are not wanted. By default there is one class.
  virtual int class_now(const UsageBucket &, Item) { return 0; }

  /// Whether class_now() depends on the item.
  virtual bool classes_know_item() const { return false; }

  /// Told when what was read so far is to be forgotten.
  virtual void forget() {}

  // Of the chunk: blocks come step by step, and item by item.
  const UsageBlocks &blocks() const { return blocks_; }
  Service service() const { return kAllServices[service_]; }
  Item item_of(std::size_t block) const { return items_of(service()).items[block % item_count()]; }
  const UsageBucket &bucket_of(std::size_t block) const { return steps_[chunk_ + block / item_count()]; }
  int class_of(std::size_t block) const { return classes_[chunk_ * item_count() + block]; }

  /// Texts as columns show them.
  Datum service_text(Service service) const { return service_texts_[static_cast<int>(service)]; }
  Datum item_text(Item item) const { return item_texts_[static_cast<int>(item)]; }

  void set_handed_out() { has_handed_out_ = true; }

  /// A date as a column shows it.
  static Datum date_of(LocalTime date);

 private:
  static constexpr int kItemNumbers = 64;

  std::size_t item_count() const { return static_cast<std::size_t>(items_of(service()).count); }
  void show(Item item);
  void find_items();
  bool next_service();
  void find_buckets();
  void find_steps();
  void find_classes(const UsageBucket &bucket, std::vector<int> &classes);
  bool add_step(const UsageBucket &bucket, const std::vector<int> &classes, bool follows);
  void read_chunk();

  Manner manner_;
  Datum service_texts_[kServices] = {};
  Datum item_texts_[kItemNumbers] = {};
  std::vector<char> is_wanted_;    // by number of the item
  std::vector<Service> services_;  // with items that are wanted
  std::size_t next_service_ = 0;
  int service_ = 0;
  std::vector<std::vector<Range>> occupied_;  // of each service, where it was asked
  std::vector<UsageBucket> buckets_;          // of the reseller
  std::vector<UsageBucket> steps_;            // of the service
  std::vector<int> classes_;                  // of each step and item
  std::size_t chunk_ = 0;                     // the first step of the chunk
  std::size_t chunk_size_ = 0;
  std::size_t next_size_ = 0;
  std::vector<char> chosen_;  // of each step and item of the chunk, whether it is wanted
  UsageBlocks blocks_;
  UnbuiltMarks marks_;
  bool has_handed_out_ = false;
};

}  // namespace reseller_report
