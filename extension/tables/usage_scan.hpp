// Reading usage for a table, chunk by chunk: some steps of some services' items at a time, of one reseller after the other. Totals
// are read of all services at once, and usage by company service by service. Steps are buckets of the table, or several buckets in
// one where they need not be told apart.
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

  /// The class of the bucket and item that the probe shows; below 0 where they are not wanted. By default there is one class.
  virtual int class_now(const UsageBucket &, Item) { return 0; }

  /// Whether class_now() depends on the item.
  virtual bool classes_know_item() const { return false; }

  /// Told when what was read so far is to be forgotten.
  virtual void forget() {}

  // Of the chunk: blocks come step by step, and item by item.
  const UsageBlocks &blocks() const { return blocks_; }
  Item item_of(std::size_t block) const { return items_[block % items_.size()]; }
  const UsageBucket &bucket_of(std::size_t block) const { return steps_[chunk_ + block / items_.size()]; }
  /// Below 0 where the block is not wanted.
  int class_of(std::size_t block) const { return classes_[chunk_ * items_.size() + block]; }

  /// Texts as columns show them.
  Datum service_text(Item item) const { return service_texts_[static_cast<int>(item)]; }
  Datum item_text(Item item) const { return item_texts_[static_cast<int>(item)]; }

  void set_handed_out() { has_handed_out_ = true; }

  /// A date as a column shows it.
  static Datum date_of(LocalTime date);

 private:
  /// Where a service of the reseller may have usage.
  struct ServiceExtent {
    Service service;
    std::vector<Range> ranges;
    std::vector<Range>::const_iterator next;  ///< the first one that buckets to come may reach

    /// Whether usage may lie in a bucket. Buckets are asked for in order.
    bool reaches(const Range &bucket);
  };

  void show(Item item);
  void find_items();
  bool next_services();
  void find_buckets();
  std::vector<Range> find_extents();
  ServiceExtent *reading_begin() { return extents_.data() + first_extent_; }
  ServiceExtent *reading_end() { return extents_.data() + next_extent_; }
  void find_steps();
  bool find_classes(const UsageBucket &bucket, std::vector<int> &classes);
  bool add_step(const UsageBucket &bucket, const std::vector<int> &classes, bool follows);
  void read_chunk();

  Manner manner_;
  Datum service_texts_[kItemNumbers] = {};  // by item
  Datum item_texts_[kItemNumbers] = {};
  std::vector<char> is_wanted_;    // by number of the item
  std::vector<Service> services_;  // with items that are wanted
  std::vector<ServiceExtent> extents_;
  bool reads_together_ = false;  // all services of the reseller at once
  std::size_t first_extent_ = 0;
  std::size_t next_extent_ = 0;
  std::vector<Service> reading_;      // those of the steps
  std::vector<Item> items_;           // of these
  std::vector<UsageBucket> buckets_;  // of the reseller
  std::vector<UsageBucket> steps_;    // of the services that are read
  std::vector<int> classes_;          // of each step and item
  std::size_t chunk_ = 0;             // the first step of the chunk
  std::size_t chunk_size_ = 0;
  std::size_t next_size_ = 0;
  std::vector<char> chosen_;  // of each step and item of the chunk, whether it is wanted
  UsageBlocks blocks_;
  UnbuiltMarks marks_;
  bool has_handed_out_ = false;
};

}  // namespace reseller_report
