/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to tokens. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/condition-tree.h"
#include "common/text.h"

#define NUMBER_MAX 64

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_name(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static unsigned digit_value(char c) {
    if (is_digit(c))
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 99;
}

/* White space and comments. */
static int skip(struct lexer *lexer) {
    const char *text = lexer->text;
    for (;;) {
        char c = text[lexer->at];
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            lexer->at++;
        } else if (c == '/' && text[lexer->at + 1] == '/') {
            while (text[lexer->at] && text[lexer->at] != '\n')
                lexer->at++;
        } else if (c == '/' && text[lexer->at + 1] == '*') {
            const char *end = strstr(text + lexer->at + 2, "*/");
            if (!end)
                return fault_set(lexer->fault, lexer->at, -EINVAL, "this comment does not end");
            lexer->at = (uint32_t)(end + 2 - text);
        } else {
            return 0;
        }
    }
}

static uint32_t skip_digits(const char *text, uint32_t at, unsigned base) {
    while (digit_value(text[at]) < base || text[at] == '_')
        at++;
    return at;
}

static int lex_whole_number(struct lexer *lexer, struct token *token, unsigned base) {
    double number = 0;
    uint32_t at = token->at + 2, end = skip_digits(lexer->text, at, base);
    token->length = end - token->at;
    if (end == at || is_name(lexer->text[end]))
        return fault_set(lexer->fault, token->at, -EINVAL, "this is not a number of base %u", base);
    for (; at < end; at++)
        if (lexer->text[at] != '_')
            number = number * base + digit_value(lexer->text[at]);
    if (number > 9007199254740992.0) /* 2^53: beyond, a double isn't exact */
        return fault_set(lexer->fault, token->at, -EINVAL, "this number is too large");
    token->value = value_number(number);
    return 0;
}

static int lex_number(struct lexer *lexer, struct token *token) {
    const char *text = lexer->text;
    char digits[NUMBER_MAX];
    size_t n = 0;

    token->kind = TOKEN_NUMBER;
    if (text[token->at] == '0')
        switch (text[token->at + 1] | 0x20) {
        case 'x':
            return lex_whole_number(lexer, token, 16);
        case 'o':
            return lex_whole_number(lexer, token, 8);
        case 'b':
            return lex_whole_number(lexer, token, 2);
        default:
            break;
        }
    uint32_t at = skip_digits(text, token->at, 10);
    if (text[at] == '.' && text[at + 1] != '.') /* 1..3 is a range */
        at = skip_digits(text, at + 1, 10);
    bool valid = true;
    if (text[at] == 'e' || text[at] == 'E') {
        at += text[at + 1] == '+' || text[at + 1] == '-' ? 2 : 1;
        valid = is_digit(text[at]);
        at = skip_digits(text, at, 10);
    }
    token->length = at - token->at;
    for (uint32_t i = token->at; i < at && n < NUMBER_MAX; i++)
        if (text[i] != '_')
            digits[n++] = text[i];
    if (!valid || n == NUMBER_MAX || is_name(text[at]))
        return fault_set(lexer->fault, token->at, -EINVAL, "this is not a number");
    digits[n] = '\0';
    token->value = value_number(strtod(digits, NULL));
    return isinf(token->value.number) ? fault_set(lexer->fault, token->at, -EINVAL, "this number is too large") : 0;
}

/* Behind a backslash: a character by its number, in so many digits of a base. */
static int lex_numbered(struct lexer *lexer, unsigned digits, unsigned base, char **to) {
    uint32_t character = 0, start = lexer->at;
    for (unsigned i = 0; i < digits; i++, lexer->at++) {
        unsigned digit = digit_value(lexer->text[lexer->at]);
        if (digit >= base)
            return fault_set(lexer->fault, start, -EINVAL, "%u digits of base %u expected", digits, base);
        character = character * base + digit;
    }
    size_t length = utf8_encode(*to, character);
    if (length == 0)
        return fault_set(lexer->fault, start, -EINVAL, "there is no such character");
    *to += length;
    return 0;
}

static int lex_escape(struct lexer *lexer, char **to) {
    static const char escapes[] = "abfnrtv\\'\"`?", meanings[] = "\a\b\f\n\r\t\v\\'\"`?";
    char c = lexer->text[lexer->at];
    const char *known = c ? strchr(escapes, c) : NULL;

    if (known) {
        *(*to)++ = meanings[known - escapes];
        lexer->at++;
        return 0;
    }
    if (c >= '0' && c <= '7')
        return lex_numbered(lexer, 3, 8, to);
    uint32_t at = lexer->at;
    lexer->at += c != '\0'; /* nothing is behind the end */
    switch (c) {
    case 'x':
        return lex_numbered(lexer, 2, 16, to);
    case 'u':
        return lex_numbered(lexer, 4, 16, to);
    case 'U':
        return lex_numbered(lexer, 8, 16, to);
    default:
        return fault_set(lexer->fault, at, -EINVAL, "this escape sequence is not known");
    }
}

static int lex_string(struct lexer *lexer, struct token *token) {
    const char *text = lexer->text;
    char quote = text[token->at];
    /* no escape sequence is shorter than what it stands for */
    char *bytes = arena_take(lexer->arena, strlen(text + token->at)), *to = bytes;

    if (!bytes)
        return fault_memory(lexer->fault, token->at);
    lexer->at = token->at + 1;
    while (text[lexer->at] != quote) {
        char c = text[lexer->at];
        if (c == '\0' || (c == '\n' && quote != '`'))
            return fault_set(lexer->fault, token->at, -EINVAL, "this string does not end");
        lexer->at++;
        if (c != '\\' || quote == '`') {
            *to++ = c;
            continue;
        }
        int r = lex_escape(lexer, &to);
        if (r < 0)
            return r;
    }
    token->kind = TOKEN_STRING;
    token->length = lexer->at + 1 - token->at;
    token->value = value_string(bytes, (uint32_t)(to - bytes));
    return 0;
}

static void lex_name(const char *text, struct token *token) {
    static const struct {
        const char *word;
        enum token_kind kind;
    } words[] = {
        {"not", TOKEN_NOT},
        {"and", TOKEN_AND},
        {"or", TOKEN_OR},
        {"in", TOKEN_IN},
        {"contains", TOKEN_CONTAINS},
        {"startsWith", TOKEN_STARTS_WITH},
        {"endsWith", TOKEN_ENDS_WITH},
        {"matches", TOKEN_MATCHES},
        {"let", TOKEN_UNSUPPORTED},
        {"if", TOKEN_UNSUPPORTED},
        {"else", TOKEN_UNSUPPORTED},
    };
    token->kind = TOKEN_NAME;
    while (is_name(text[token->at + token->length]))
        token->length++;
    for (size_t i = 0; i < ELEMENTS(words); i++)
        if (strlen(words[i].word) == token->length && memcmp(words[i].word, text + token->at, token->length) == 0)
            token->kind = words[i].kind;
}

static int lex_sign(struct lexer *lexer, struct token *token) {
    /* the longer before its beginning */
    static const struct {
        char sign[3];
        enum token_kind kind;
    } signs[] = {
        {"&&", TOKEN_AND},        {"||", TOKEN_OR},       {"==", TOKEN_EQUAL},         {"!=", TOKEN_UNEQUAL},
        {"<=", TOKEN_LESS_EQUAL}, {"<", TOKEN_LESS},      {">=", TOKEN_GREATER_EQUAL}, {">", TOKEN_GREATER},
        {"!", TOKEN_NOT},         {"..", TOKEN_RANGE},    {"+", TOKEN_PLUS},           {"-", TOKEN_MINUS},
        {"**", TOKEN_POWER},      {"^", TOKEN_POWER},     {"*", TOKEN_TIMES},          {"/", TOKEN_DIVIDE},
        {"%", TOKEN_MODULO},      {"??", TOKEN_COALESCE}, {"?.", TOKEN_OPTIONAL_DOT},  {"?", TOKEN_QUESTION},
        {":", TOKEN_COLON},       {".", TOKEN_DOT},       {",", TOKEN_COMMA},          {"#", TOKEN_ELEMENT},
        {"(", TOKEN_OPEN},        {")", TOKEN_CLOSE},     {"[", TOKEN_OPEN_ARRAY},     {"]", TOKEN_CLOSE_ARRAY},
        {"{", TOKEN_OPEN_MAP},    {"}", TOKEN_CLOSE_MAP},
    };
    const char *text = lexer->text + token->at;
    for (size_t i = 0; i < ELEMENTS(signs); i++)
        if (text[0] == signs[i].sign[0] && (!signs[i].sign[1] || text[1] == signs[i].sign[1])) {
            token->kind = signs[i].kind;
            token->length = signs[i].sign[1] ? 2 : 1;
            return 0;
        }
    return fault_set(lexer->fault, token->at, -EINVAL, "this character has no meaning here%s",
                     *text == '=' ? ", equality is ==" : "");
}

int lexer_next(struct lexer *lexer, struct token *ret) {
    int r = skip(lexer);
    if (r < 0)
        return r;
    struct token token = {.kind = TOKEN_END, .at = lexer->at};
    char c = lexer->text[lexer->at];
    if (is_digit(c) || (c == '.' && is_digit(lexer->text[lexer->at + 1])))
        r = lex_number(lexer, &token);
    else if (c == '"' || c == '\'' || c == '`')
        r = lex_string(lexer, &token);
    else if (is_name(c))
        lex_name(lexer->text, &token);
    else if (c)
        r = lex_sign(lexer, &token);
    if (r < 0)
        return r;
    lexer->at = token.at + token.length;
    *ret = token;
    return 0;
}
