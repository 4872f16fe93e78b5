# Where a C++ source can be broken, and how: told from its tokens alone, by the layout that tests/lint/format holds (an operator of
# two operands stands between spaces). What comes of it need not compile.
package Places;

use strict;
use warnings;

my %swapped = (
    '==' => ['!='], '!=' => ['=='], '<' => ['<=', '>='], '<=' => ['<', '>'], '>' => ['>=', '<='], '>=' => ['>', '<'],
    '+' => ['-'], '-' => ['+'], '*' => ['/'], '/' => ['*'], '%' => ['/'], '+=' => ['-='], '-=' => ['+='],
    '&&' => ['||'], '||' => ['&&'], '&' => ['|'], '|' => ['&'], '|=' => ['&='], '&=' => ['|='], '^' => ['&'], '^=' => ['&='],
    '<<' => ['>>'], '>>' => ['<<'],
);
my %other_name = (
    true => 'false', false => 'true', min => 'max', max => 'min', any_of => 'all_of', all_of => 'any_of',
    lower_bound => 'upper_bound',
    kInfinity => 'kMinusInfinity', kMinusInfinity => 'kInfinity', from => 'to', to => 'from', front => 'back', back => 'front',
    AccessExclusiveLock => 'RowExclusiveLock', ShareRowExclusiveLock => 'RowExclusiveLock',
    ShareUpdateExclusiveLock => 'RowExclusiveLock',
    RowExclusiveLock => 'AccessShareLock', AccessShareLock => 'NoLock', GetLatestSnapshot => 'GetTransactionSnapshot',
);
my %keyword = map { $_ => 1 } qw(if for while switch return case default using template static_assert struct class enum union
    namespace typedef extern constexpr static throw delete do else try catch public private protected break continue goto operator
    new inline);

# Tokens: text, offset, kind (word, number, text, operator); comments and lines of the preprocessor are none.
sub tokens {
    my ($source) = @_;
    my @tokens;
    while (1) {
        if ($source =~ /\G(?:\s+|\/\/[^\n]*|\/\*.*?\*\/|(?:(?<=\n)|\A)[ \t]*#(?:[^\n\\]|\\.)*)/gcs) { next }
        my $kind =
              $source =~ /\G("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')/gc ? 'text'
            : $source =~ /\G([A-Za-z_]\w*)/gc                               ? 'word'
            : $source =~ /\G(\d(?:[\w.]|'\w)*)/gc                           ? 'number'
            : $source =~ /\G(<<=|>>=|\.\.\.|->|::|\+\+|--|&&|\|\||==|!=|<=|>=|[-+*\/%&|^]=|<<|>>|.)/gcs ? 'operator'
            :                                                                last;
        push @tokens, [$1, pos($source) - length $1, $kind];
    }
    return @tokens;
}

# For every token the index of the bracket that closes or opens it, else -1.
sub brackets {
    my ($tokens) = @_;
    my (@open, @partner);
    for my $i (0 .. $#$tokens) {
        $partner[$i] = -1;
        next if $tokens->[$i][2] ne 'operator';
        if ($tokens->[$i][0] =~ /^[(\[{]$/) { push @open, $i }
        elsif ($tokens->[$i][0] =~ /^[)\]}]$/ && @open) {
            my $at = pop @open;
            @partner[$at, $i] = ($i, $at);
        }
    }
    return \@partner;
}

# For every token the name of the function whose body it is in, else ''.
sub functions {
    my ($tokens, $partner) = @_;
    my @function = ('') x @$tokens;
    my $i = 0;
    my $head = 0;  # where the declaration began
    while ($i < @$tokens) {
        my $text = $tokens->[$i][0];
        if ($text eq ';' || $text eq '}') { $head = $i + 1 }
        elsif ($text eq '{') {
            my @words = map { $tokens->[$_][0] } $head .. $i - 1;
            my ($paren) = grep { $words[$_] eq '(' && $_ > 0 } 0 .. $#words;
            my ($equals) = grep { $words[$_] eq '=' } 0 .. $#words;
            if (defined $paren && !(defined $equals && $equals < $paren)) {
                my $name = $words[$paren - 1] eq 'RESELLER_REPORT_FUNCTION' ? $words[$paren + 1] : $words[$paren - 1];
                @function[$i .. $partner->[$i]] = ($name) x ($partner->[$i] - $i + 1);
                $i = $partner->[$i];
            } elsif (defined $equals) {
                $i = $partner->[$i];
                next;
            }
            $head = $i + 1;
        }
        $i++;
    }
    return \@function;
}

# One way to break a place: what stands in [at, at + length) becomes `put`; `says` describes it in words that stay the same when
# lines move.
sub change { my ($at, $length, $put, $says) = @_; return { at => $at, length => $length, put => $put, says => $says } }

# All places of a source: offset, line, function, text of the line, and the ways to break it.
sub places_of {
    my ($file, $source) = @_;
    my @tokens = tokens($source);
    my $partner = brackets(\@tokens);
    my $function = functions(\@tokens, $partner);
    my $scan = { source => $source, tokens => \@tokens, partner => $partner, function => $function };
    my @places;
    my ($line, $counted) = (1, 0);
    for my $i (0 .. $#tokens) {
        for my $changes (changes_of_token($scan, $i), changes_of_condition($scan, $i), changes_of_statement($scan, $i),
            changes_of_pair($scan, $i)) {
            next if !@$changes;
            my $at = $tokens[$i][1];
            my $begin = rindex($source, "\n", $at) + 1;
            my $end = index($source, "\n", $at);
            $line += substr($source, $counted, $at - $counted) =~ tr/\n//;
            $counted = $at;
            push @places, {
                file => $file, at => $at, line => $line, function => $function->[$i],
                text => substr($source, $begin, $end - $begin) =~ s/^\s+//r, changes => $changes,
            };
            $_->{covers} = substr $source, $at, $_->{at} + $_->{length} - $at for @$changes;
        }
    }
    return @places;
}

sub is_between_spaces {
    my ($scan, $i) = @_;
    my ($text, $at) = @{ $scan->{tokens}[$i] };
    return substr($scan->{source}, $at - 1, 1) =~ /\s/ && substr($scan->{source}, $at + length $text, 1) =~ /\s/;
}

sub changes_of_token {
    my ($scan, $i) = @_;
    my $tokens = $scan->{tokens};
    my ($text, $at, $kind) = @{ $tokens->[$i] };
    my ($before, $after) = map { $_ >= 0 && $_ < @$tokens ? $tokens->[$_] : ['', 0, ''] } $i - 1, $i + 1;
    my $becomes = sub { return change($at, length $text, $_[0], "$text -> $_[0]") };
    if ($kind eq 'number') {
        # The size of an array that is declared, and the rest of what is no whole number.
        return [] if $before->[0] eq '[' && $i > 2 && $tokens->[$i - 3][2] eq 'word'
            || $text !~ /^(0x[0-9a-fA-F]+|[0-9']+)([uUlL]*)$/;
        my ($digits, $suffix) = ($1, $2);
        return [] if $digits eq '0' && $i > 2 && $tokens->[$i - 2][0] eq 'Datum' && $tokens->[$i - 3][0] eq 'return';
        return [$becomes->("0$suffix")] if length $digits > 12;
        my $value = $digits =~ /^0x/ ? hex $digits : $digits =~ tr/'//dr;
        return [$becomes->(($value + 1) . $suffix), $value != 0 ? $becomes->("0$suffix") : ()];
    }
    return [$becomes->($other_name{$text})] if $kind eq 'word' && exists $other_name{$text}
        && !($text =~ /^(from|to|min|max)$/ && $before->[0] !~ /^(\.|->|::)$/);
    return [] if $kind ne 'operator';
    return [change($at, 1, '', '! removed')] if $text eq '!';
    return [change($at, 1, '', "- removed")] if $text eq '-' && !is_between_spaces($scan, $i) && $after->[2] =~ /word|number/;
    return [] if !exists $swapped{$text} || !is_between_spaces($scan, $i) || $before->[2] eq 'text' || $after->[2] eq 'text';
    return [map { $becomes->($_) } @{ $swapped{$text} }];
}

sub changes_of_condition {
    my ($scan, $i) = @_;
    my ($tokens, $partner) = @$scan{qw(tokens partner)};
    my ($text, $at) = @{ $tokens->[$i] };
    return branches($scan, $i) if $text eq '?';
    return [] if $text ne 'if' || $tokens->[$i + 1][0] ne '(';
    my ($open, $close) = ($i + 1, $partner->[$i + 1]);
    for my $j ($open + 1 .. $close - 1) { $open = $j if $tokens->[$j][0] eq ';' }
    my $from = $tokens->[$open][1] + 1;
    my $condition = substr($scan->{source}, $from, $tokens->[$close][1] - $from);
    # Of a condition that begins with `!` alone, to remove that is the same.
    my @ways = (['false && (', 'condition false'],
        $condition =~ /^!/ && $condition !~ /&&|\|\|/ ? () : ['!(', 'condition negated']);
    return [map { change($from, length $condition, $_->[0] . $condition . ')', $_->[1]) } @ways];
}

sub branches {
    my ($scan, $i) = @_;
    my ($tokens, $partner, $source) = @$scan{qw(tokens partner source)};
    my ($colon, $nested) = (undef, 0);
    my $j = $i + 1;
    for (; $j < @$tokens; $j++) {
        my $text = $tokens->[$j][0];
        if ($text =~ /^[(\[{]$/) { $j = $partner->[$j] }
        elsif ($text eq '?') { $nested++ }
        elsif ($text eq ':' && $nested) { $nested-- }
        elsif ($text eq ':' && !defined $colon) { $colon = $j }
        elsif ($text =~ /^[;,)\]}:]$/) { last }
    }
    return [] if !defined $colon;
    my ($from, $middle, $to) = map { $tokens->[$_][1] } $i, $colon, $j;
    my ($yes, $no) = (substr($source, $from + 1, $middle - $from - 1), substr($source, $middle + 1, $to - $middle - 1));
    return [change($from + 1, $to - $from - 1, "$no :$yes", 'branches swapped')];
}

sub begins_statement {
    my ($scan, $i) = @_;
    my ($tokens, $partner) = @$scan{qw(tokens partner)};
    my $before = $tokens->[$i - 1][0];
    return 1 if $before =~ /^(?:[;{}]|else)$/ || $before eq ':'
        && grep { $_ > 0 && $tokens->[$_][0] =~ /^(?:case|default)$/ } $i - 5 .. $i - 2;
    return $before eq ')' && $partner->[$i - 1] > 0 && $tokens->[$partner->[$i - 1] - 1][0] =~ /^(?:if|for|while)$/;
}

# As the steps of a loop are.
sub is_in_parentheses {
    my ($scan, $i) = @_;
    my ($tokens, $partner) = @$scan{qw(tokens partner)};
    for (my $j = $i - 1; $j >= 0; $j--) {
        my $text = $tokens->[$j][0];
        return $text eq '(' if $text =~ /^[(\[{]$/ && $tokens->[$j][2] eq 'operator';
        $j = $partner->[$j] if $text =~ /^[)\]}]$/ && $tokens->[$j][2] eq 'operator';
    }
    return 0;
}

# A statement that can go: a call whose result is not used, an assignment, a guard that is named nowhere else, a jump.
sub changes_of_statement {
    my ($scan, $i) = @_;
    my ($tokens, $partner, $function) = @$scan{qw(tokens partner function)};
    my ($text, $at, $kind) = @{ $tokens->[$i] };
    return [] if $i == 0 || $function->[$i] eq '' || !begins_statement($scan, $i) || is_in_parentheses($scan, $i);
    return [] if $kind eq 'word' ? ($keyword{$text} && $text !~ /^(?:break|continue|return|throw)$/) : $text !~ /^(?:\*|\+\+|--)$/;
    my $end = $i;
    while ($end < @$tokens && $tokens->[$end][0] ne ';') {
        return [] if $tokens->[$end][0] eq '}';
        $end = $partner->[$end] if $tokens->[$end][0] =~ /^[(\[{]$/;
        return [] if $end < 0;
        $end++;
    }
    my $length = $tokens->[$end][1] - $at;
    my @words = map { $tokens->[$_][0] } $i .. $end - 1;
    return [] if $text eq 'return' && @words > 1 || $text eq 'throw' || !can_go($scan, $i, $end, @words);
    # Lines stay where they are.
    my $kept = substr($scan->{source}, $at, $length) =~ tr/\n//cdr;
    return [change($at, $length, $kept, 'statement removed')];
}

sub can_go {
    my ($scan, $i, $end, @words) = @_;
    my ($tokens, $partner) = @$scan{qw(tokens partner)};
    return 1 if $words[0] =~ /^(?:break|continue|return|\*|\+\+|--)$/ || $words[-1] =~ /^(?:\+\+|--)$/;
    # The one statement inside can go by itself.
    return 0 if $words[0] eq 'pg' && 2 > grep { $_ eq ';' } @words;
    my $at = 0;
    $at++ while $at < @words && $words[$at] =~ /^(?:\w+|::|\.|->)$/
        && !($at > 0 && $words[$at] =~ /^\w/ && $words[$at - 1] =~ /^\w/);
    my $next = $words[$at] // '';
    return 1 if $next =~ /^(?:\(|\[|[-+|&^*]?=|<<=|>>=)$/;
    # A declaration: `Guard const name(...)`, `Guard name`.
    $at++ if $next eq 'const';
    my $name = $words[$at] // '';
    return 0 if $name !~ /^[a-z]\w*$/ || ($words[$at + 1] // '(') ne '(';
    for (my $j = $end; $j < @$tokens && $tokens->[$j][0] ne '}'; $j++) {
        return 0 if $tokens->[$j][0] eq $name;
    }
    return 1;
}

# Two arguments of a call, or two members in braces, in each other's place.
sub changes_of_pair {
    my ($scan, $i) = @_;
    my ($tokens, $partner, $source) = @$scan{qw(tokens partner source)};
    my $close = $partner->[$i];
    return [] if $tokens->[$i][0] !~ /^[({]$/ || $close < $i || $i == 0 || $scan->{function}[$i] eq '';
    return [] if $tokens->[$i][0] eq '(' && ($tokens->[$i - 1][2] ne 'word' || $keyword{ $tokens->[$i - 1][0] });
    my @commas;
    for (my $j = $i + 1; $j < $close; $j++) {
        return [] if $tokens->[$j][0] eq ';' || $tokens->[$j][2] eq 'text';
        push @commas, $j if $tokens->[$j][0] eq ',';
        $j = $partner->[$j] if $tokens->[$j][0] =~ /^[(\[{]$/;
    }
    return [] if @commas != 1;
    my ($from, $middle, $to) = ($tokens->[$i][1] + 1, $tokens->[$commas[0]][1], $tokens->[$close][1]);
    my ($first, $second) = (substr($source, $from, $middle - $from), substr($source, $middle + 1, $to - $middle - 1));
    return [] if $tokens->[$i - 1][0] =~ /^(?:min|max)$/ || $first =~ /\[|\n/ || $second =~ /\[|\n/ || $first eq $second =~ s/^ //r;
    return [change($from, $to - $from, ($second =~ s/^ //r) . ", $first", 'the two swapped')];
}

1;
