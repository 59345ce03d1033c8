// An intrusive list of what is alive on a worker: adding, removing and walking allocate nothing.
#pragma once

namespace schoolgate::flow {

/// T has members `T* previous` and `T* next`, both null while unlinked. One worker's thread only.
template <class T>
class LiveList {
 public:
  void add(T& item) noexcept {
    item.previous = nullptr;
    item.next = first_;
    if (first_) first_->previous = &item;
    first_ = &item;
  }
  void remove(T& item) noexcept {
    (item.previous ? item.previous->next : first_) = item.next;
    if (item.next) item.next->previous = item.previous;
  }
  [[nodiscard]] T* first() const noexcept { return first_; }

 private:
  T* first_ = nullptr;
};

}  // namespace schoolgate::flow
