// Markup that is safe to put on a page. What comes from a run enters as text and is escaped here;
// no string becomes markup by accident.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace brokersim::reports {

// For text and quoted attributes of HTML and SVG. Characters that XML does not know become U+FFFD.
std::string escaped(std::string_view text);

// JSON inside a <script> element, where "</script>" and "<!--" would end it.
std::string json_in_script(std::string_view json);

class Markup {
 public:
  Markup() = default;
  // What is markup already, written by us.
  static Markup raw(std::string text) {
    Markup markup;
    markup.text_ = std::move(text);
    return markup;
  }
  static Markup text(std::string_view text) { return raw(escaped(text)); }

  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }
  Markup& operator+=(const Markup& more) {
    text_ += more.text_;
    return *this;
  }
  friend Markup operator+(Markup a, const Markup& b) { return std::move(a += b); }

 private:
  std::string text_;
};

struct Attribute {
  std::string_view name;
  std::string value;  // Escaped when written. Without a value the attribute is left out.
};

// <name a="b">content</name>
Markup element(std::string_view name, std::initializer_list<Attribute> attributes,
               const Markup& content);
Markup element(std::string_view name, const Markup& content);
Markup element(std::string_view name, std::string_view text);

}  // namespace brokersim::reports
